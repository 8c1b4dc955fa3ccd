// The paths, on a canvas above the contours: up to the playhead, clipped to the plot's box.

import { arrowsOf, drawArrows, drawCurvature } from "./arrows.js";
import {
  APART,
  badge,
  clipped,
  cross,
  DOT,
  dashes,
  HALO,
  HiDpiCanvas,
  head,
  NEAR,
  star,
  TRAIL,
  trailOf,
  typeSize,
  WIDTH,
} from "./canvas.js";
import { onScreen } from "./frame.js";
import { stepAt } from "./scene.js";
import { lastAtMost } from "./search.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */
/** @typedef {import("./frame.js").Frame} Frame */

/** Pixels around the box within which lines are drawn whole, so that dashes run on. */
const AROUND = 200;

/**
 * A run's points on the screen, as they are for one frame of the axes.
 * @typedef {{ run: Run, x: Float64Array, y: Float64Array, kept: number[], dots: number[] }} ScreenPath
 */

export class Paths {
  constructor() {
    this.canvas = new HiDpiCanvas();
    this.canvas.element.className = "optviz-paths";
    /** @type {ScreenPath[]} */
    this.screenPaths = [];
    /** Paths of other conventions, with the place of their run. @type {[number, ScreenPath][]} */
    this.ghosts = [];
    /** @type {Frame | null} */
    this.frame = null;
    /** What is drawn at the head. @type {import("./arrows.js").Arrow[]} */
    this.arrows = [];
  }

  /**
   * Put the paths of a scene where the axes are now.
   * @param {Scene} scene
   * @param {Frame} frame
   * @param {number} width
   * @param {number} height
   */
  place(scene, frame, width, height) {
    this.canvas.resize(width, height);
    this.frame = frame;
    this.scene = scene;
    this.screenPaths = scene.runs.map((run) => screenPath(run, frame));
    this.ghosts = scene.runs.flatMap((run, k) =>
      run.ghost
        ? [/** @type {[number, ScreenPath]} */ ([k, screenPath({ ...run, ...run.ghost }, frame)])]
        : [],
    );
  }

  /**
   * @param {number} position of the playhead
   * @param {boolean} fading whether only the last steps are drawn in full
   * @param {boolean} pale whether the paths are about to be replaced
   * @param {number} focus the place of the run whose step is looked into
   */
  draw(position, fading, pale, focus) {
    const { frame, scene } = this;
    const context = this.canvas.clear();
    if (!frame || !scene) return;
    const { theme, view, surface } = scene.data;
    const [left, top, right, bottom] = frame.box;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.globalAlpha = pale ? 0.35 : 1;
    Object.assign(context, { lineJoin: "round", lineCap: "butt" });
    const steps = this.screenPaths.map((one) => stepAt(one.run, position, view.against));
    if (!fading) {
      // All halos lie below all paths: no path hides another one.
      for (const [k, one] of this.screenPaths.entries()) this.line(one, 0, steps[k], theme.halo, HALO, []);
    }
    for (const [k, one] of this.ghosts) this.ghost(one, steps[k]);
    for (const [k, one] of this.screenPaths.entries()) {
      if (fading) this.trail(one, steps[k]);
      else this.line(one, 0, steps[k], one.run.color, WIDTH, dashes(one.run.dash, WIDTH));
      this.dots(one, fading ? steps[k] - TRAIL : 0, steps[k]);
    }
    context.restore();
    for (const [x, y] of surface.minimizers) {
      const [px, py] = onScreen(frame, x, y);
      if (px >= left - 1 && px <= right + 1 && py >= top - 1 && py <= bottom + 1) star(context, px, py);
    }
    for (const [k, one] of this.screenPaths.entries()) this.head(one, steps[k]);
    this.arrows = [];
    if (pale) return;
    if (this.screenPaths[focus]) this.arrowsAt(this.screenPaths[focus], steps[focus]);
  }

  /**
   * What is drawn at a head: it belongs to the step that begins at the last whole one, at the end to the last.
   * @param {ScreenPath} one
   * @param {number} position
   */
  arrowsAt(one, position) {
    const { context } = this.canvas;
    const frame = /** @type {Frame} */ (this.frame);
    const { view, theme, surface, start: from } = /** @type {Scene} */ (this.scene).data;
    const { steps, n } = one.run;
    if (!steps || !view.marks.length || n === 0) return;
    const step = Math.min(Math.floor(position + 1e-6), n - 1);
    const [left, top, right, bottom] = frame.box;
    const [x, y] = [one.x[step], one.y[step]];
    if (!(x >= left && x <= right && y >= top && y <= bottom)) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    if (view.marks.includes("curvature")) drawCurvature(context, frame, x, y, steps, step, theme);
    const size = Math.min(right - left, bottom - top);
    this.arrows = arrowsOf(steps, step, view, surface.domain, frame, size, theme);
    const start = /** @type {[number, number]} */ (onScreen(frame, ...from));
    drawArrows(context, frame, x, y, this.arrows, theme, start);
    context.restore();
  }

  /**
   * The path of another convention, as far as the run itself: dotted, and at its head it says what it is not.
   * @param {ScreenPath} one
   * @param {number} position of the run
   */
  ghost(one, position) {
    const frame = /** @type {Frame} */ (this.frame);
    const { theme } = /** @type {Scene} */ (this.scene).data;
    const { context } = this.canvas;
    const step = Math.min(position, one.run.n);
    const whole = context.globalAlpha;
    context.globalAlpha = 0.85 * whole;
    this.line(one, 0, step, theme.halo, 3.5, []);
    this.line(one, 0, step, one.run.color, 1.6, [1.6, 3.2]);
    context.globalAlpha = whole;
    const [x, y] = at(one, step);
    const shown = clipped(x, y, x, y, frame.box) ? [x, y] : this.edge(one, step, x, y);
    badge(context, "not torch", shown[0], shown[1], frame.box, one.run.color, theme);
  }

  /**
   * The line of a path between two steps, which may have fractions.
   * @param {ScreenPath} one
   * @param {number} from
   * @param {number} to
   * @param {string} color
   * @param {number} width
   * @param {number[]} dash
   */
  line(one, from, to, color, width, dash) {
    const { context } = this.canvas;
    const frame = /** @type {Frame} */ (this.frame);
    const box = /** @type {[number, number, number, number]} */ (
      frame.box.map((edge, side) => edge + (side < 2 ? -AROUND : AROUND))
    );
    const inside = (/** @type {number} */ x, /** @type {number} */ y) =>
      x > box[0] && x < box[2] && y > box[1] && y < box[3];
    let [x0, y0] = at(one, from);
    let down = false; // whether the pen is at (x0, y0)
    const lineTo = (/** @type {number} */ x, /** @type {number} */ y) => {
      if (!Number.isFinite(x) || !Number.isFinite(y)) return;
      if (inside(x0, y0) && inside(x, y)) {
        if (!down) context.moveTo(x0, y0);
        context.lineTo(x, y);
        down = true;
      } else {
        const part = clipped(x0, y0, x, y, box);
        if (part) {
          context.moveTo(part[0], part[1]);
          context.lineTo(part[2], part[3]);
        }
        down = false;
      }
      [x0, y0] = [x, y];
    };
    const type = typeSize();
    Object.assign(context, { strokeStyle: color, lineWidth: width * type });
    context.setLineDash(dash.map((length) => length * type));
    context.beginPath();
    for (let k = lastAtMost(one.kept, from) + 1; k < one.kept.length && one.kept[k] < to; k++) {
      lineTo(one.x[one.kept[k]], one.y[one.kept[k]]);
    }
    const [x, y] = at(one, to);
    lineTo(x, y);
    context.stroke();
  }

  /**
   * @param {ScreenPath} one
   * @param {number} step
   */
  trail(one, step) {
    const { context } = this.canvas;
    const whole = context.globalAlpha;
    const { theme } = /** @type {Scene} */ (this.scene).data;
    const [old, ...parts] = trailOf(step);
    context.globalAlpha = old.alpha * whole;
    this.line(one, old.from, old.to, one.run.color, WIDTH, dashes(one.run.dash, WIDTH));
    for (const { from, to, alpha } of parts) {
      context.globalAlpha = alpha * whole;
      this.line(one, from, to, theme.halo, HALO, []);
      this.line(one, from, to, one.run.color, WIDTH, []);
    }
    context.globalAlpha = whole;
  }

  /**
   * A dot at each step that lies apart from its neighbours: dots are points, lines only join them.
   * @param {ScreenPath} one
   * @param {number} from
   * @param {number} to
   */
  dots(one, from, to) {
    const { context } = this.canvas;
    context.fillStyle = one.run.color;
    const radius = DOT * typeSize();
    context.beginPath();
    for (const k of one.dots) {
      if (k > to) break;
      if (k < from) continue;
      context.moveTo(one.x[k] + radius, one.y[k]);
      context.arc(one.x[k], one.y[k], radius, 0, 2 * Math.PI);
    }
    context.fill();
  }

  /**
   * Where a run is: a mark of how it ended once it has, an arrow at the edge where it is out of sight.
   * @param {ScreenPath} one
   * @param {number} step
   */
  head(one, step) {
    const { context } = this.canvas;
    const { theme } = /** @type {Scene} */ (this.scene).data;
    const frame = /** @type {Frame} */ (this.frame);
    const { color, outcome, n, at: since } = one.run;
    const ended = step >= n;
    const [left, top, right, bottom] = frame.box;
    const [x, y] = at(one, step);
    const seen = x >= left && x <= right && y >= top && y <= bottom;
    const shown = seen ? [x, y] : this.edge(one, step, x, y);
    if (ended && outcome === "diverged") {
      cross(context, shown[0], shown[1], color, theme.halo);
      badge(context, `diverged at step ${since}`, shown[0], shown[1], frame.box, color, theme);
    } else if (!seen) {
      const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
      head(context, shown[0], shown[1], color, theme.halo, Math.atan2(shown[1] - cy, shown[0] - cx));
    } else if (ended && (outcome === "moving" || outcome === "left")) {
      head(context, x, y, color, theme.halo, direction(one));
    } else head(context, x, y, color, theme.halo);
  }

  /**
   * Where on the edge of the box an arrow points at something out of sight.
   * @param {ScreenPath} one
   * @param {number} step
   * @param {number} x
   * @param {number} y
   */
  edge(one, step, x, y) {
    const { box } = /** @type {Frame} */ (this.frame);
    const inner = /** @type {[number, number, number, number]} */ (
      box.map((edge, side) => edge + (side < 2 ? 9 : -9))
    );
    const [cx, cy] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    if (Number.isFinite(x) && Number.isFinite(y)) {
      const part = clipped(cx, cy, x, y, inner);
      return part ? [part[2], part[3]] : [cx, cy];
    }
    // Not a number: stay where it was seen last.
    let k = Math.min(Math.floor(step), one.run.n);
    while (k > 0 && !(Number.isFinite(one.x[k]) && Number.isFinite(one.y[k]))) k--;
    const part = clipped(cx, cy, one.x[k], one.y[k], inner);
    return part ? [part[2], part[3]] : [cx, cy];
  }

  /**
   * The nearest drawn step to a place on the screen, within some pixels.
   * @param {number} px
   * @param {number} py
   * @param {number} position
   * @returns {{ run: Run, step: number, x: number, y: number } | null}
   */
  nearest(px, py, position) {
    let best = null;
    let least = 9 * 9;
    const against = this.scene?.data.view.against ?? "steps";
    for (const one of this.screenPaths) {
      const last = stepAt(one.run, position, against);
      for (let k = 0; k <= last; k++) {
        const distance = (one.x[k] - px) ** 2 + (one.y[k] - py) ** 2;
        if (distance < least) {
          least = distance;
          best = { run: one.run, step: k, x: one.x[k], y: one.y[k] };
        }
      }
    }
    return best;
  }
}

/**
 * @param {Run} run
 * @param {Frame} frame
 * @returns {ScreenPath}
 */
function screenPath(run, frame) {
  const [x, y] = [new Float64Array(run.n + 1), new Float64Array(run.n + 1)];
  for (let k = 0; k <= run.n; k++) [x[k], y[k]] = onScreen(frame, run.x[k], run.y[k]);
  const [left, top, right, bottom] = frame.box;
  const kept = [0];
  const dots = [];
  const apart = (/** @type {number} */ k, /** @type {number} */ l) =>
    Math.hypot(x[k] - x[l], y[k] - y[l]) >= APART;
  let [lx, ly] = [x[0], y[0]];
  for (let k = 1; k <= run.n; k++) {
    if (!Number.isFinite(x[k]) || !Number.isFinite(y[k])) continue;
    if (k === run.n || (x[k] - lx) ** 2 + (y[k] - ly) ** 2 >= NEAR * NEAR) {
      kept.push(k);
      [lx, ly] = [x[k], y[k]];
    }
    const seen = x[k] >= left && x[k] <= right && y[k] >= top && y[k] <= bottom;
    if (seen && apart(k, k - 1) && (k === run.n || apart(k, k + 1))) dots.push(k);
  }
  return { run, x, y, kept, dots };
}

/**
 * Where a path is at a step; between two steps, on the straight line from one to the other.
 * @param {ScreenPath} one
 * @param {number} step
 */
function at(one, step) {
  const k = Math.min(Math.floor(step), one.run.n);
  const part = step - k;
  if (part <= 0 || k >= one.run.n) return [one.x[k], one.y[k]];
  const [x, y] = [one.x[k] + part * (one.x[k + 1] - one.x[k]), one.y[k] + part * (one.y[k + 1] - one.y[k])];
  return Number.isFinite(x) && Number.isFinite(y) ? [x, y] : [one.x[k], one.y[k]];
}

/**
 * The direction of the last move that can be seen.
 * @param {ScreenPath} one
 */
function direction(one) {
  const last = one.run.n;
  for (let k = last - 1; k >= 0; k--) {
    const [dx, dy] = [one.x[last] - one.x[k], one.y[last] - one.y[k]];
    if (dx * dx + dy * dy > 1) return Math.atan2(dy, dx);
  }
  return null;
}
