// The paths on the block: up to the playhead, faint where the surface hides them.

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
} from "../canvas.js";
import { stepAt } from "../scene.js";
import { lastAtMost } from "../search.js";
import { projected } from "./camera.js";
import { HEIGHT } from "./mesh.js";

/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../scene.js").Run} Run */
/** @typedef {import("./mesh.js").Heights} Heights */
/** @typedef {import("./camera.js").Projection} Projection */
/** @typedef {import("./raster.js").Raster} Raster */

const HIDDEN = 0.25;
/** Length in pixels of the pieces in which a long step is tested for visibility, and their largest number. */
const PIECE = 4;
const PIECES = 250;
/** Stretches shorter than this take the visibility of the one before, to avoid flicker. */
const LEAST = 7;
/** A path lies on the surface: it counts as hidden only where even a point a little above it is. */
const ABOVE = 0.014 * HEIGHT;
const BIAS = 0.012;

const [GAP, SEEN, UNSEEN] = [0, 1, 2];

/**
 * A run on the block: for each step its place there.
 * @typedef {{ run: Run, x: Float64Array, y: Float64Array, z: Float64Array }} WorldPath
 */

/**
 * The same on the screen, for one camera: corners of a line, each with the step (or fraction) it stands for,
 * its way from the beginning in pixels, and what the piece that ends there is; `px` and `py` are the steps.
 * @typedef {{
 *   run: Run, px: Float64Array, py: Float64Array,
 *   x: number[], y: number[], at: number[], way: number[], kind: number[],
 *   dots: { x: number, y: number, step: number, seen: boolean }[],
 * }} ScreenPath
 */

export class ReliefPaths {
  constructor() {
    this.canvas = new HiDpiCanvas();
    /** @type {WorldPath[]} */
    this.worldPaths = [];
    /** @type {ScreenPath[]} */
    this.screenPaths = [];
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Heights | null} */
    this.heights = null;
    /** @type {Projection | null} */
    this.projection = null;
    /** @type {(x: number, y: number, z: number) => boolean} */
    this.sees = () => true;
  }

  /**
   * Lay the paths of a scene on its surface.
   * @param {Scene} scene
   * @param {Heights} heights
   */
  show(scene, heights) {
    this.scene = scene;
    this.heights = heights;
    this.worldPaths = scene.runs.map((run) => worldPath(run, heights));
    this.screenPaths = this.projection ? this.worldPaths.map((one) => this.screenPath(one)) : [];
  }

  /**
   * Put them where the camera sees them.
   * @param {Projection} projection in CSS pixels
   * @param {Raster} raster of what it sees
   * @param {number} ratio the raster's pixels in a CSS pixel
   */
  place(projection, raster, ratio) {
    const rise = projection.scale * projection.cosE * ABOVE;
    const near = projection.sinE * ABOVE + BIAS;
    this.projection = projection;
    this.sees = (x, y, nearness) => nearness + near >= raster.nearness(x * ratio, (y - rise) * ratio);
    this.screenPaths = this.worldPaths.map((one) => this.screenPath(one));
  }

  /**
   * @param {WorldPath} one
   * @returns {ScreenPath}
   */
  screenPath(one) {
    const projection = /** @type {Projection} */ (this.projection);
    const { run, x, y, z } = one;
    const px = new Float64Array(run.n + 1);
    const py = new Float64Array(run.n + 1);
    /** @type {ScreenPath} */
    const path = { run, px, py, x: [], y: [], at: [], way: [], kind: [], dots: [] };
    let last = -1;
    for (let k = 0; k <= run.n; k++) {
      const [sx, sy, near] = projected(projection, x[k], y[k], z[k]);
      px[k] = sx;
      py[k] = sy;
      if (!Number.isFinite(sx + sy + near)) continue;
      if (last >= 0) {
        if (k < run.n && (sx - px[last]) ** 2 + (sy - py[last]) ** 2 < NEAR * NEAR) continue;
        this.piece(path, one, last, k);
      }
      last = k;
    }
    smooth(path);
    this.dot(path, one);
    return path;
  }

  /**
   * The straight line from one step to another, as far as it is above the domain.
   * @param {ScreenPath} path
   * @param {WorldPath} one
   * @param {number} k
   * @param {number} l
   */
  piece(path, { x, y, z }, k, l) {
    const part = clipped(x[k], y[k], x[l], y[l], this.floorEdges());
    if (!part) return;
    const [dx, dy, dz] = [x[l] - x[k], y[l] - y[k], z[l] - z[k]];
    const share = (/** @type {number} */ px, /** @type {number} */ py) =>
      Math.abs(dx) > Math.abs(dy) ? (px - x[k]) / dx : dy ? (py - y[k]) / dy : 1;
    const [from, to] = [dx || dy ? share(part[0], part[1]) : 0, share(part[2], part[3])];
    const projection = /** @type {Projection} */ (this.projection);
    const spot = (/** @type {number} */ t) =>
      projected(projection, x[k] + t * dx, y[k] + t * dy, z[k] + t * dz);
    const [start, end] = [spot(from), spot(to)];
    const begin = k + from * (l - k);
    if (!path.at.length || from > 0 || path.at[path.at.length - 1] < begin)
      add(path, start[0], start[1], begin, GAP);
    const length = Math.hypot(end[0] - start[0], end[1] - start[1]);
    const count = Math.min(Math.max(Math.round(length / PIECE), 1), PIECES);
    for (let j = 1; j <= count; j++) {
      const t = from + ((to - from) * j) / count;
      const [px, py] = spot(t);
      const middle = spot(t - (0.5 * (to - from)) / count);
      add(path, px, py, k + t * (l - k), this.sees(...middle) ? SEEN : UNSEEN);
    }
  }

  /** The edges of the floor. @returns {[number, number, number, number]} */
  floorEdges() {
    const [hx, hy] = /** @type {Heights} */ (this.heights).floor.halves;
    return [-hx, -hy, hx, hy];
  }

  /**
   * The steps that lie apart from their neighbours.
   * @param {ScreenPath} path
   * @param {WorldPath} one
   */
  dot(path, { run, x, y, z }) {
    const { px, py } = path;
    const edges = this.floorEdges();
    const apart = (/** @type {number} */ k, /** @type {number} */ l) =>
      Math.hypot(px[k] - px[l], py[k] - py[l]) >= APART;
    for (let k = 1; k <= run.n; k++) {
      if (!within(x[k], y[k], edges) || !apart(k, k - 1) || (k < run.n && !apart(k, k + 1))) continue;
      const spot = projected(/** @type {Projection} */ (this.projection), x[k], y[k], z[k]);
      path.dots.push({ x: px[k], y: py[k], step: k, seen: this.sees(...spot) });
    }
  }

  /**
   * @param {number} position of the playhead
   * @param {boolean} fading whether only the last steps are drawn in full
   * @param {boolean} pale whether the paths are about to be replaced
   */
  draw(position, fading, pale) {
    const context = this.canvas.clear();
    const { scene, projection } = this;
    if (!scene || !projection) return;
    const { theme, view } = scene.data;
    Object.assign(context, { globalAlpha: pale ? 0.35 : 1, lineJoin: "round", lineCap: "butt" });
    const steps = this.worldPaths.map(({ run }) => stepAt(run, position, view.against));
    if (!fading) {
      // All halos lie below all paths: no path hides another one.
      for (const [k, one] of this.screenPaths.entries())
        this.line(one, 0, steps[k], theme.halo, HALO, [], SEEN);
    }
    for (const [k, one] of this.screenPaths.entries()) {
      if (fading) this.trail(one, steps[k]);
      else this.both(one, 0, steps[k], dashes(one.run.dash, WIDTH));
      this.dots(one, fading ? steps[k] - TRAIL : 0, steps[k]);
    }
    context.globalAlpha = 1;
    this.minimizers();
    for (const [k, one] of this.worldPaths.entries()) this.head(one, steps[k]);
    this.start();
  }

  /**
   * A line between two steps: what is hidden is faint.
   * @param {ScreenPath} one
   * @param {number} from
   * @param {number} to
   * @param {number[]} dash
   */
  both(one, from, to, dash) {
    const { context } = this.canvas;
    const whole = context.globalAlpha;
    context.globalAlpha = HIDDEN * whole;
    this.line(one, from, to, one.run.color, WIDTH, dash, UNSEEN);
    context.globalAlpha = whole;
    this.line(one, from, to, one.run.color, WIDTH, dash, SEEN);
  }

  /**
   * The pieces of one kind between two steps, which may have fractions.
   * @param {ScreenPath} one
   * @param {number} from
   * @param {number} to
   * @param {string} color
   * @param {number} width
   * @param {number[]} dash
   * @param {number} kind
   */
  line(one, from, to, color, width, dash, kind) {
    const { context } = this.canvas;
    const { x, y, at, way } = one;
    const type = typeSize();
    Object.assign(context, { strokeStyle: color, lineWidth: width * type });
    context.setLineDash(dash.map((length) => length * type));
    context.beginPath();
    let down = false;
    for (let k = Math.max(lastAtMost(at, from) + 1, 1); k < at.length && at[k - 1] < to; k++) {
      if (one.kind[k] !== kind) {
        down = false;
        continue;
      }
      if (!down) {
        if (dash.length) {
          // Dashes run on below the surface.
          context.stroke();
          context.beginPath();
          context.lineDashOffset = way[k - 1];
        }
        const t = at[k - 1] < from ? (from - at[k - 1]) / (at[k] - at[k - 1]) : 0;
        context.moveTo(x[k - 1] + t * (x[k] - x[k - 1]), y[k - 1] + t * (y[k] - y[k - 1]));
        down = true;
      }
      const t = at[k] > to ? (to - at[k - 1]) / (at[k] - at[k - 1]) : 1;
      context.lineTo(x[k - 1] + t * (x[k] - x[k - 1]), y[k - 1] + t * (y[k] - y[k - 1]));
    }
    context.stroke();
    context.lineDashOffset = 0;
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
    this.both(one, old.from, old.to, dashes(one.run.dash, WIDTH));
    for (const { from, to, alpha } of parts) {
      context.globalAlpha = alpha * whole;
      this.line(one, from, to, theme.halo, HALO, [], SEEN);
      this.both(one, from, to, []);
    }
    context.globalAlpha = whole;
  }

  /**
   * @param {ScreenPath} one
   * @param {number} from
   * @param {number} to
   */
  dots(one, from, to) {
    const { context } = this.canvas;
    const whole = context.globalAlpha;
    context.fillStyle = one.run.color;
    const radius = DOT * typeSize();
    for (const seen of [false, true]) {
      context.globalAlpha = seen ? whole : HIDDEN * whole;
      context.beginPath();
      for (const dot of one.dots) {
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
   * Where a place of the domain is on the screen, on the surface; null outside.
   * @param {number} x
   * @param {number} y
   */
  spot(x, y) {
    const heights = /** @type {Heights} */ (this.heights);
    const [gx, gy] = [heights.floor.at(0, x), heights.floor.at(1, y)];
    if (!within(gx, gy, this.floorEdges())) return null;
    const z = heights.at(gx, gy);
    const spot = projected(
      /** @type {Projection} */ (this.projection),
      gx,
      gy,
      Number.isFinite(z) ? z : -HEIGHT / 2,
    );
    return { x: spot[0], y: spot[1], seen: this.sees(...spot) };
  }

  /** The minimizers. */
  minimizers() {
    const { context } = this.canvas;
    for (const [x, y] of /** @type {Scene} */ (this.scene).data.surface.minimizers) {
      const spot = this.spot(x, y);
      if (!spot) continue;
      context.globalAlpha = spot.seen ? 1 : 0.4;
      context.setLineDash([]);
      star(context, spot.x, spot.y);
    }
    context.globalAlpha = 1;
  }

  /** The start, as the marker of the flat view. */
  start() {
    const { start, theme } = /** @type {Scene} */ (this.scene).data;
    const { context } = this.canvas;
    const spot = this.spot(...start);
    if (!spot) return;
    context.globalAlpha = spot.seen ? 1 : 0.4;
    context.beginPath();
    const half = 7.5 * typeSize();
    for (const [dx, dy] of [
      [0, -half],
      [half, 0],
      [0, half],
      [-half, 0],
    ])
      context.lineTo(spot.x + dx, spot.y + dy);
    context.closePath();
    Object.assign(context, {
      fillStyle: theme.ink,
      strokeStyle: theme.paper,
      lineWidth: 2 * typeSize(),
      lineJoin: "miter",
    });
    context.fill();
    context.stroke();
    context.globalAlpha = 1;
  }

  /**
   * Where a run is: a mark of how it ended once it has, an arrow at the edge where it has left the domain.
   * @param {WorldPath} one
   * @param {number} step
   */
  head(one, step) {
    const { context, width, height } = this.canvas;
    const { theme } = /** @type {Scene} */ (this.scene).data;
    const { color, outcome, n, at: since } = one.run;
    const { spot, out } = this.where(one, step);
    const [x, y] = spot;
    context.globalAlpha = this.sees(...spot) ? 1 : 0.4;
    if (step >= n && outcome === "diverged") {
      context.globalAlpha = 1;
      cross(context, x, y, color, theme.halo);
      badge(context, `diverged at step ${since}`, x, y, [0, 0, width, height], color, theme);
    } else if (out !== null) head(context, x, y, color, theme.halo, out);
    else if (step >= n && (outcome === "moving" || outcome === "left"))
      head(context, x, y, color, theme.halo, this.direction(one));
    else head(context, x, y, color, theme.halo);
    context.globalAlpha = 1;
  }

  /**
   * Where a run is on the screen; outside the domain, where it left, and the direction it is in.
   * @param {WorldPath} one
   * @param {number} step
   * @returns {{ spot: [number, number, number], out: number | null }}
   */
  where({ run, x, y, z }, step) {
    const projection = /** @type {Projection} */ (this.projection);
    const heights = /** @type {Heights} */ (this.heights);
    let k = Math.min(Math.floor(step), run.n);
    while (k > 0 && !Number.isFinite(x[k] + y[k] + z[k])) k--;
    const part = k === Math.floor(step) && k < run.n ? step - k : 0;
    const mix = (/** @type {Float64Array} */ of) => (part ? of[k] + part * (of[k + 1] - of[k]) : of[k]);
    let place = [mix(x), mix(y), mix(z)];
    if (!place.every(Number.isFinite)) place = [x[k], y[k], z[k]];
    const edges = this.floorEdges();
    if (within(place[0], place[1], edges))
      return { spot: projected(projection, place[0], place[1], place[2]), out: null };
    const edge = clipped(0, 0, place[0], place[1], edges) ?? [0, 0, 0, 0];
    const spot = projected(projection, edge[2], edge[3], heights.at(edge[2], edge[3]) || 0);
    const [fx, fy] = projected(projection, 1.1 * edge[2], 1.1 * edge[3], 0);
    const [ex, ey] = projected(projection, edge[2], edge[3], 0);
    return { spot, out: Math.atan2(fy - ey, fx - ex) };
  }

  /**
   * The direction on the screen of the last move that can be seen.
   * @param {WorldPath} one
   */
  direction({ run, x, y, z }) {
    const projection = /** @type {Projection} */ (this.projection);
    const [ex, ey] = projected(projection, x[run.n], y[run.n], z[run.n]);
    for (let k = run.n - 1; k >= 0; k--) {
      const [px, py] = projected(projection, x[k], y[k], z[k]);
      if ((ex - px) ** 2 + (ey - py) ** 2 > 1) return Math.atan2(ey - py, ex - px);
    }
    return null;
  }
}

/**
 * @param {Run} run
 * @param {Heights} heights
 * @returns {WorldPath}
 */
function worldPath(run, heights) {
  const { floor } = heights;
  const x = Float64Array.from(run.x, (value) => floor.at(0, value));
  const y = Float64Array.from(run.y, (value) => floor.at(1, value));
  const [hx, hy] = floor.halves;
  const z = Float64Array.from(heights.of(run.loss), (height, k) => {
    if (!(Math.abs(x[k]) <= hx && Math.abs(y[k]) <= hy)) return Number.isFinite(height) ? height : HEIGHT / 2;
    // Triangles round off what is sharp: no path sinks into them.
    const drawn = heights.at(x[k], y[k]);
    return height >= drawn || Number.isNaN(drawn) ? height : drawn;
  });
  return { run, x, y, z };
}

/**
 * Whether a place is on the floor, or as good as.
 * @param {number} x
 * @param {number} y
 * @param {[number, number, number, number]} edges
 */
function within(x, y, [left, bottom, right, top]) {
  return x >= left - 1e-6 && x <= right + 1e-6 && y >= bottom - 1e-6 && y <= top + 1e-6;
}

/**
 * @param {ScreenPath} path
 * @param {number} x
 * @param {number} y
 * @param {number} at
 * @param {number} kind
 */
function add(path, x, y, at, kind) {
  const last = path.x.length - 1;
  const way = kind === GAP ? 0 : path.way[last] + Math.hypot(x - path.x[last], y - path.y[last]);
  path.x.push(x);
  path.y.push(y);
  path.at.push(at);
  path.way.push(way);
  path.kind.push(kind);
}

/**
 * Give parts that are too short to be told apart the kind of what comes before them.
 * @param {ScreenPath} path
 */
function smooth({ kind, way }) {
  for (let k = 1; k < kind.length; ) {
    let end = k;
    while (end + 1 < kind.length && kind[end + 1] === kind[k]) end++;
    const before = kind[k - 1];
    if (kind[k] !== GAP && before !== GAP && way[end] - way[k - 1] < LEAST) kind.fill(before, k, end + 1);
    k = end + 1;
  }
}
