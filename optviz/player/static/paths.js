// Paths on a canvas above a surface, up to the playhead, faint where the surface hides them.

import { badge, cross, HiDpiCanvas, head, star } from "./canvas.js";
import { stepAt } from "./scene.js";
import { directionOf, SEEN, screenPath, UNSEEN, whereAt, within } from "./screenpath.js";
import { lastAtMost } from "./search.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./screenpath.js").ScreenPath} ScreenPath */
/** @typedef {import("./screenpath.js").Placement} Placement */

/** The radius of a dot at a step. */
const DOT = 2.6;
/** How strong hidden lines and marks are. */
const HIDDEN = 0.25;
const HIDDEN_MARK = 0.4;
/** Steps of a fading trail, and in how many parts it fades. */
const TRAIL = 40;
const TRAIL_PARTS = 8;
const FAINTEST = 0.22;

/** The paths of a scene: seen from above, or on the block of a relief. */
export class Paths {
  /** @param {import("./canvas.js").Stage} stage */
  constructor(stage) {
    this.canvas = new HiDpiCanvas(stage);
    /** @type {ScreenPath[]} */
    this.screenPaths = [];
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Placement | null} */
    this.placement = null;
  }

  /**
   * @param {Scene} scene
   * @param {Placement} placement
   */
  lay(scene, placement) {
    this.scene = scene;
    this.placement = placement;
    this.screenPaths = scene.runs.map((run) => screenPath(run, placement));
  }

  /**
   * @param {number} position of the playhead
   * @param {boolean} fading whether only the last steps are drawn in full
   * @param {boolean} pale whether the paths are about to be replaced
   */
  draw(position, fading, pale) {
    const context = this.canvas.clear();
    const { scene, placement, screenPaths } = this;
    if (!scene || !placement) return;
    const steps = screenPaths.map(({ run }) => stepAt(run, position, scene.data.view.against));
    context.save();
    clip(context, placement.box);
    Object.assign(context, { globalAlpha: pale ? 0.35 : 1, lineJoin: "round", lineCap: "butt" });
    // All halos lie below all paths: no path hides another one.
    if (!fading) for (const [k, path] of screenPaths.entries()) this.halo(path, 0, steps[k]);
    this.drawBeneath(placement, steps);
    for (const [k, path] of screenPaths.entries()) {
      if (fading) this.trail(path, steps[k]);
      else this.both(path, 0, steps[k], path.run.dash);
      this.dots(path, fading ? steps[k] - TRAIL : 0, steps[k]);
    }
    context.restore();
    for (const [x, y] of scene.data.surface.minimizers)
      this.mark(placement, x, y, (spot) => star(this.canvas, spot[0], spot[1]));
    for (const [k, path] of screenPaths.entries()) this.head(path, placement, steps[k]);
    this.drawAbove(scene, placement, steps, pale);
  }

  /**
   * What a kind of picture has below its paths.
   * @param {Placement} _placement
   * @param {number[]} _steps where each run is
   */
  drawBeneath(_placement, _steps) {}

  /**
   * What a kind of picture has above its paths.
   * @param {Scene} _scene
   * @param {Placement} _placement
   * @param {number[]} _steps
   * @param {boolean} _pale
   */
  drawAbove(_scene, _placement, _steps, _pale) {}

  /**
   * @param {ScreenPath} path
   * @param {number} from
   * @param {number} to
   */
  halo(path, from, to) {
    const { stage } = this.canvas;
    this.line(path, from, to, SEEN, stage.theme.halo, stage.sizes.halo);
  }

  /**
   * A line between two steps: what is hidden is faint.
   * @param {ScreenPath} path
   * @param {number} from
   * @param {number} to
   * @param {number[]} dash
   */
  both(path, from, to, dash) {
    const { context, stage } = this.canvas;
    const { color } = path.run;
    if (path.hidden) {
      const whole = context.globalAlpha;
      context.globalAlpha = HIDDEN * whole;
      this.line(path, from, to, UNSEEN, color, stage.sizes.path, dash);
      context.globalAlpha = whole;
    }
    this.line(path, from, to, SEEN, color, stage.sizes.path, dash);
  }

  /**
   * The pieces of one kind between two steps, which may have fractions.
   * @param {ScreenPath} path
   * @param {number} from
   * @param {number} to
   * @param {number} wanted
   * @param {string} color
   * @param {number} width
   * @param {number[]} dash
   */
  line({ line: { x, y, at, way, kind } }, from, to, wanted, color, width, dash = []) {
    const { context, stage } = this.canvas;
    stage.stroke(context, color, width, dash);
    context.beginPath();
    let down = false;
    for (let k = Math.max(lastAtMost(at, from) + 1, 1); k < at.length && at[k - 1] < to; k++) {
      if (kind[k] !== wanted) {
        down = false;
        continue;
      }
      if (!down) {
        const share = Math.max((from - at[k - 1]) / (at[k] - at[k - 1]), 0);
        if (dash.length) {
          // Dashes run on below the surface.
          context.stroke();
          context.beginPath();
          context.lineDashOffset = between(way, k, share);
        }
        context.moveTo(between(x, k, share), between(y, k, share));
        down = true;
      }
      const share = Math.min((to - at[k - 1]) / (at[k] - at[k - 1]), 1);
      context.lineTo(between(x, k, share), between(y, k, share));
    }
    context.stroke();
    context.lineDashOffset = 0;
  }

  /**
   * @param {ScreenPath} path
   * @param {number} step
   */
  trail(path, step) {
    const { context } = this.canvas;
    const whole = context.globalAlpha;
    const [old, ...parts] = trailOf(step);
    context.globalAlpha = old.alpha * whole;
    this.both(path, old.from, old.to, path.run.dash);
    for (const { from, to, alpha } of parts) {
      context.globalAlpha = alpha * whole;
      this.halo(path, from, to);
      this.both(path, from, to, []);
    }
    context.globalAlpha = whole;
  }

  /**
   * @param {ScreenPath} path
   * @param {number} from
   * @param {number} to
   */
  dots(path, from, to) {
    const { context, stage } = this.canvas;
    const whole = context.globalAlpha;
    context.fillStyle = path.run.color;
    const radius = DOT * stage.scale;
    for (const seen of path.hidden ? [false, true] : [true]) {
      context.globalAlpha = seen ? whole : HIDDEN * whole;
      context.beginPath();
      for (const dot of path.dots) {
        if (dot.step > to) break;
        if (dot.step < from || dot.seen !== seen) continue;
        context.moveTo(dot.x + radius, dot.y);
        context.arc(dot.x, dot.y, radius, 0, 2 * Math.PI);
      }
      context.fill();
    }
    context.globalAlpha = whole;
  }

  /**
   * Draw a mark at a place of the surface, unless that is not shown.
   * @param {Placement} placement
   * @param {number} x
   * @param {number} y
   * @param {(spot: import("./screenpath.js").Spot) => void} draw
   */
  mark(placement, x, y, draw) {
    const place = placement.at(x, y);
    if (!within(...place, placement.area)) return;
    const { context } = this.canvas;
    const spot = placement.screen(...place, placement.height(...place));
    context.globalAlpha = placement.sees(...spot) ? 1 : HIDDEN_MARK;
    draw(spot);
    context.globalAlpha = 1;
  }

  /**
   * @param {ScreenPath} path
   * @param {number} step
   */
  where(path, step) {
    return whereAt(path, /** @type {Placement} */ (this.placement), step);
  }

  /**
   * Where a run is: a mark of how it ended once it has, an arrow at the edge where it is out of sight.
   * @param {ScreenPath} path
   * @param {Placement} placement
   * @param {number} step
   */
  head(path, placement, step) {
    const { context } = this.canvas;
    const { color, outcome, n, at: since } = path.run;
    const { spot, out } = this.where(path, step);
    const [x, y] = spot;
    if (step >= n && outcome === "diverged") {
      cross(this.canvas, x, y, color);
      badge(this.canvas, `diverged at step ${since}`, x, y, placement.box, color);
      return;
    }
    const goesOn = step >= n && (outcome === "moving" || outcome === "left");
    context.globalAlpha = placement.sees(...spot) ? 1 : HIDDEN_MARK;
    head(this.canvas, x, y, color, out ?? (goesOn ? directionOf(path) : null));
    context.globalAlpha = 1;
  }
}

/**
 * A number between that of the corner before and that of a corner.
 * @param {number[]} of
 * @param {number} k
 * @param {number} share
 */
function between(of, k, share) {
  return share < 1 ? of[k - 1] + share * (of[k] - of[k - 1]) : of[k];
}

/**
 * Draw inside a box only.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./screenpath.js").Box} box
 */
export function clip(context, [left, top, right, bottom]) {
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
}

/**
 * A fading trail, from its old part, which is faintest, to its head.
 * @param {number} step at which its head is
 */
function trailOf(step) {
  const begin = Math.max(0, step - TRAIL);
  const parts = Array.from({ length: TRAIL_PARTS }, (_, part) => ({
    from: begin + ((step - begin) * part) / TRAIL_PARTS,
    to: begin + ((step - begin) * (part + 1)) / TRAIL_PARTS,
    alpha: FAINTEST + ((1 - FAINTEST) * (part + 1)) / TRAIL_PARTS,
  }));
  return [{ from: 0, to: begin, alpha: FAINTEST }, ...parts];
}
