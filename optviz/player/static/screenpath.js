// A path on the screen: the corners of its line, and what of it is hidden. How it comes there is a placement's.

/** @typedef {import("./scene.js").Run} Run */
/** Left, top, right and bottom; of a world whose y goes up, the lowest value is its top. @typedef {[number, number, number, number]} Box */
/** A place on the screen, and how near it is to the viewer. @typedef {[number, number, number]} Spot */
/** For each point of a run its place in a placement's world. @typedef {{ x: Float64Array, y: Float64Array, z: Float64Array }} World */
/**
 * How a picture's paths come onto the screen: straight lines of a world of its own stay straight.
 * @typedef {{
 *   box: Box, area: Box, lines: Box, rim: Box,
 *   world: (run: Run) => World, at: (x: number, y: number) => [number, number], height: (x: number, y: number) => number,
 *   screen: (x: number, y: number, z: number) => Spot, sees: (x: number, y: number, near: number) => boolean,
 *   pieces: (length: number) => number,
 * }} Placement
 *   `box` is the picture on the screen. In the world, `area` is what is shown of it, lines are drawn within
 *   `lines`, and an arrow on the `rim` points at what is out of sight. `at` leads from the surface's units to the
 *   world, `height` is the surface there; `pieces` is in how many a line of so many pixels is looked at.
 */

/**
 * A run on the screen. `x` and `y` are its points, whose dots are the steps in `dots`. The line has corners, each
 * with the step (or fraction) it stands for, its way from the beginning in pixels, and what the piece that ends
 * there is.
 * @typedef {{
 *   run: Run, world: World, x: Float64Array, y: Float64Array,
 *   line: { x: number[], y: number[], at: number[], way: number[], kind: number[] }, hidden: boolean,
 *   dots: { x: number, y: number, step: number, seen: boolean }[],
 * }} ScreenPath
 */

export const [GAP, SEEN, UNSEEN] = [0, 1, 2];
/** Points nearer than this to the last one drawn, in pixels, change nothing that can be seen. */
const NEAR = 0.4;
/** A step this far from the ones before and after it, in pixels, has a dot: so dots side by side are steps. */
const APART = 8;
/** Stretches shorter than this take the visibility of the one before, to avoid flicker. */
const LEAST = 7;

/**
 * @param {Run} run
 * @param {Placement} placement
 * @returns {ScreenPath}
 */
export function screenPath(run, placement) {
  const world = placement.world(run);
  const [x, y] = [new Float64Array(run.n + 1), new Float64Array(run.n + 1)];
  /** @type {ScreenPath["line"]} */
  const line = { x: [], y: [], at: [], way: [], kind: [] };
  /** @type {ScreenPath} */
  const path = { run, world, x, y, line, hidden: false, dots: [] };
  let [last, before] = [-1, -1]; // the last corner, and the last point: it may be too near to be a corner
  for (let k = 0; k <= run.n; k++) {
    const [px, py, near] = placement.screen(world.x[k], world.y[k], world.z[k]);
    [x[k], y[k]] = [px, py];
    if (!Number.isFinite(px + py + near)) continue;
    if (last >= 0) {
      const apart = k === run.n || (px - x[last]) ** 2 + (py - y[last]) ** 2 >= NEAR * NEAR;
      // A long step begins where its point is, not at the last corner: else the line would run ahead of it.
      if (apart && before > last) addPiece(path, placement, last, before);
      if (apart) addPiece(path, placement, before, k);
      if (apart) last = k;
    } else last = k;
    before = k;
  }
  smooth(line);
  path.hidden = line.kind.includes(UNSEEN);
  addDots(path, placement);
  return path;
}

/**
 * The straight line from one point to another, as far as lines are drawn.
 * @param {ScreenPath} path
 * @param {Placement} placement
 * @param {number} k
 * @param {number} l
 */
function addPiece({ line, world: { x, y, z } }, placement, k, l) {
  const part = inside(x[k], y[k], x[l], y[l], placement.lines);
  if (!part) return;
  const [from, to] = part;
  const spot = (/** @type {number} */ t) =>
    placement.screen(x[k] + t * (x[l] - x[k]), y[k] + t * (y[l] - y[k]), z[k] + t * (z[l] - z[k]));
  const [start, end] = [spot(from), spot(to)];
  const begin = k + from * (l - k);
  if (!line.at.length || line.at[line.at.length - 1] < begin) addCorner(line, start, begin, GAP);
  const count = placement.pieces(Math.hypot(end[0] - start[0], end[1] - start[1]));
  for (let j = 1; j <= count; j++) {
    const t = j < count ? from + ((to - from) * j) / count : to;
    const middle = spot(t - (0.5 * (to - from)) / count);
    addCorner(line, spot(t), k + t * (l - k), placement.sees(...middle) ? SEEN : UNSEEN);
  }
}

/**
 * @param {ScreenPath["line"]} line
 * @param {Spot} spot
 * @param {number} at
 * @param {number} kind
 */
function addCorner(line, [x, y], at, kind) {
  const last = line.x.length - 1;
  const way = kind === GAP ? 0 : line.way[last] + Math.hypot(x - line.x[last], y - line.y[last]);
  line.x.push(x);
  line.y.push(y);
  line.at.push(at);
  line.way.push(way);
  line.kind.push(kind);
}

/**
 * Give parts that are too short to be told apart the kind of what comes before them.
 * @param {ScreenPath["line"]} line
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

/**
 * The steps that lie apart from their neighbours: dots are points, lines only join them.
 * @param {ScreenPath} path
 * @param {Placement} placement
 */
function addDots({ run, world, x, y, dots }, placement) {
  const apart = (/** @type {number} */ k, /** @type {number} */ l) =>
    Math.hypot(x[k] - x[l], y[k] - y[l]) >= APART;
  for (let k = 1; k <= run.n; k++) {
    if (!within(world.x[k], world.y[k], placement.area)) continue;
    if (!apart(k, k - 1) || (k < run.n && !apart(k, k + 1))) continue;
    const spot = placement.screen(world.x[k], world.y[k], world.z[k]);
    dots.push({ x: x[k], y: y[k], step: k, seen: placement.sees(...spot) });
  }
}

/**
 * Where a run is at a step, which may have a fraction; out of sight, the place on the rim in the direction `out`,
 * in radians, that it is in.
 * @param {ScreenPath} path
 * @param {Placement} placement
 * @param {number} step
 * @returns {{ spot: Spot, out: number | null }}
 */
export function whereAt({ run, world: { x, y, z } }, placement, step) {
  let k = Math.min(Math.floor(step), run.n);
  while (k > 0 && !Number.isFinite(x[k] + y[k] + z[k])) k--; // not a number: where it was seen last
  const part = k === Math.floor(step) && k < run.n ? step - k : 0;
  let place = [x, y, z].map((of) => (part ? of[k] + part * (of[k + 1] - of[k]) : of[k]));
  if (!place.every(Number.isFinite)) place = [x[k], y[k], z[k]];
  const [px, py, pz] = place;
  if (within(px, py, placement.area)) return { spot: placement.screen(px, py, pz), out: null };
  const [left, top, right, bottom] = placement.rim;
  const [mx, my] = [(left + right) / 2, (top + bottom) / 2];
  const share = inside(mx, my, px, py, placement.rim)?.[1] ?? 0;
  const [ex, ey] = [mx + share * (px - mx), my + share * (py - my)];
  const spot = placement.screen(ex, ey, placement.height(ex, ey));
  const [from, to] = [1, 1.1].map((far) => placement.screen(mx + far * (ex - mx), my + far * (ey - my), 0));
  return { spot, out: Math.atan2(to[1] - from[1], to[0] - from[0]) };
}

/**
 * The direction on the screen of the last move that can be seen.
 * @param {ScreenPath} path
 */
export function directionOf({ run: { n }, x, y }) {
  for (let k = n - 1; k >= 0; k--) {
    const [dx, dy] = [x[n] - x[k], y[n] - y[k]];
    if (dx * dx + dy * dy > 1) return Math.atan2(dy, dx);
  }
  return null;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {Box} box
 */
export function within(x, y, [left, top, right, bottom]) {
  return x >= left && x <= right && y >= top && y <= bottom;
}

/**
 * Which share of a line is inside a box, by Liang and Barsky; null where there is none.
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {[number, number, number, number]} box left, top, right, bottom
 * @returns {[number, number] | null} from where to where, as shares of the line
 */
export function inside(x0, y0, x1, y1, box) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  let from = 0;
  let to = 1;
  for (const [p, q] of [
    [-dx, x0 - box[0]],
    [dx, box[2] - x0],
    [-dy, y0 - box[1]],
    [dy, box[3] - y0],
  ]) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) from = Math.max(from, q / p);
    else to = Math.min(to, q / p);
  }
  return from <= to ? [from, to] : null;
}
