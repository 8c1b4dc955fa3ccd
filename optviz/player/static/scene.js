// What the server has sent: the scene, and the bytes of its paths and surface, each of which comes by itself.

import { bytesOf } from "./blobs.js";
import { lastAtMost } from "./search.js";
import { Steps } from "./steps.js";

/** @typedef {import("./message.js").PlayerMessage} PlayerMessage */
/** @typedef {import("./message.js").Ran} Ran */
/** @typedef {import("./message.js").Column} Column */
/** @typedef {import("./message.js").Scheme} Scheme */
/** @typedef {import("./message.js").Theme} Theme */
/** @typedef {import("./message.js").View} View */

/**
 * Numbers in double precision where the lesser one could not tell them apart: points far from 0, losses high
 * above it.
 * @typedef {Float32Array | Float64Array} Numbers
 * A run: its index in the experiment, and for each of its n+1 points the numbers of its columns.
 * @typedef {Omit<Ran, "steps" | "ghost" | "stability" | "weights"> & Record<Column, Numbers> & {
 *   index: number, color: string, n: number,
 *   steps: Steps | null, ghost: Ghost | null, stability: Stability | null, weights: Weights | null,
 * }} Run
 * @typedef {{ name: string, n: number, x: Numbers, y: Numbers }} Ghost
 * The largest curvature at each point, and sharpness as a share of what the step from there can bear.
 * @typedef {{ curvature: Float32Array, share: Float32Array, formula: string, words: string }} Stability
 * All weights of a network at each point, and how far off the plane of the picture they are.
 * @typedef {{ off: (step: number) => number, at: (step: number) => Float32Array }} Weights
 * The message in the colours of the page, light or dark, in which it is shown.
 * @typedef {PlayerMessage & { theme: Theme }} Dressed
 * With minibatches, `order` has the places of the examples that each step sees, one batch after another. Of
 * the competitors, `runs` has those that ran; the colours of each are the page's.
 * @typedef {{ data: Dressed, runs: Run[], losses: Numbers, order: Uint16Array | null }} Scene
 */

/**
 * The scene of `data`, or null while a part of it is still on its way.
 * @param {PlayerMessage} data
 * @param {Scheme} scheme of the page that it is shown in
 * @param {import("./blobs.js").Inbox} inbox
 * @returns {Scene | null}
 */
export function assemble(data, scheme, inbox) {
  const order = data.data?.order ?? null;
  const digests = [
    data.surface.digest,
    ...data.runs.flatMap((run) => (run.ran ? digestsOf(run) : [])),
    ...(order ? [order] : []),
  ];
  if (!inbox.take(digests)) return null;
  const theme = data.themes[scheme];
  return {
    data: { ...data, theme },
    runs: data.runs.flatMap((run, index) => (run.ran ? unpack(run, index, data.columns, theme) : [])),
    losses: numbers(data.surface),
    order: order ? new Uint16Array(bytesOf(order)) : null,
  };
}

/** @param {Ran} run */
function digestsOf({ digest, steps, ghost, stability, weights }) {
  const all = [digest, steps?.digest, ghost?.digest, stability?.digest, weights?.digest];
  return all.filter((text) => text !== undefined);
}

/** @param {string} digest */
function floats(digest) {
  return new Float32Array(bytesOf(digest));
}

/** @param {{ digest: string, double: boolean }} data @returns {Numbers} */
function numbers({ digest, double }) {
  return double ? new Float64Array(bytesOf(digest)) : new Float32Array(bytesOf(digest));
}

/**
 * The same scene in a page that has turned.
 * @param {Scene} scene
 * @param {Scheme} scheme
 * @returns {Scene}
 */
export function dressed(scene, scheme) {
  const theme = scene.data.themes[scheme];
  const runs = scene.runs.map((run) => ({ ...run, color: theme.paths[run.slot] }));
  return { ...scene, data: { ...scene.data, theme }, runs };
}

/**
 * @param {Ran} data
 * @param {number} index of the competitor
 * @param {Column[]} columns that its path has
 * @param {Theme} theme
 * @returns {Run}
 */
function unpack(data, index, columns, theme) {
  const all = numbers(data);
  const length = all.length / columns.length;
  const entries = columns.map((name, place) => [name, all.subarray(place * length, (place + 1) * length)]);
  return {
    ...data,
    .../** @type {Record<Column, Numbers>} */ (Object.fromEntries(entries)),
    index,
    n: length - 1,
    color: theme.paths[data.slot],
    steps: stepsOf(data),
    ghost: ghostOf(data),
    stability: stabilityOf(data),
    weights: weightsOf(data, length),
  };
}

/** @param {Ran} data */
function stepsOf({ steps }) {
  return steps ? new Steps(steps, numbers(steps)) : null;
}

/** @param {Ran} data @returns {Ghost | null} */
function ghostOf({ ghost, double }) {
  if (!ghost) return null;
  const all = numbers({ digest: ghost.digest, double });
  const length = all.length / 2;
  return { name: ghost.name, n: length - 1, x: all.subarray(0, length), y: all.subarray(length) };
}

/** @param {Ran} data @param {number} length of the path @returns {Weights | null} */
function weightsOf({ weights }, length) {
  if (!weights) return null;
  const all = floats(weights.digest);
  const width = all.length / length;
  return {
    off: (step) => all[step * width],
    at: (step) => all.subarray(step * width + 1, (step + 1) * width),
  };
}

/** @param {Ran} data @returns {Stability | null} */
function stabilityOf({ stability }) {
  if (!stability) return null;
  const all = floats(stability.digest);
  const length = all.length / 2;
  const { formula, words } = stability;
  return { curvature: all.subarray(0, length), share: all.subarray(length), formula, words };
}

/**
 * The run that is looked into: that of the competitor in focus, or the next one where that did not run.
 * @param {Scene} scene
 * @returns {Run | undefined}
 */
export function inFocus({ runs, data }) {
  return runs.find(({ index }) => index >= data.view.focus) ?? runs.at(-1);
}

/**
 * The step, with a fraction, at which a run is when `position` steps or evaluations have passed. Steps are
 * numbered as in optviz/engine/trajectory.py: step 0 is the start, step k where a run is after k steps. So what is
 * looked into at step k is the way from step k to step k + 1.
 * @param {Run} run
 * @param {number} position
 * @param {string} against "steps" or "evals"
 */
export function stepAt(run, position, against) {
  if (against === "steps") return Math.min(position, run.n);
  const { evals, n } = run;
  if (position >= evals[n]) return n;
  const low = lastAtMost(evals, position);
  return low + (position - evals[low]) / (evals[low + 1] - evals[low]);
}

/**
 * Where the longest run ends.
 * @param {Run[]} runs
 * @param {string} against
 */
export function endOf(runs, against) {
  return Math.max(1, ...runs.map((run) => (against === "steps" ? run.n : run.evals[run.n])));
}

/**
 * The loss at a place of the domain, between the points of the grid; NaN outside.
 * @param {Scene} scene
 * @param {number} x
 * @param {number} y
 */
export function lossAt(scene, x, y) {
  const { size, domain } = scene.data.surface;
  const [nx, ny] = size;
  const u = ((x - domain[0][0]) / (domain[0][1] - domain[0][0])) * (nx - 1);
  const v = ((y - domain[1][0]) / (domain[1][1] - domain[1][0])) * (ny - 1);
  if (!(u >= 0 && u <= nx - 1 && v >= 0 && v <= ny - 1)) return Number.NaN;
  const i = Math.min(Math.floor(u), nx - 2);
  const j = Math.min(Math.floor(v), ny - 2);
  const at = (/** @type {number} */ k, /** @type {number} */ l) => scene.losses[(j + l) * nx + i + k];
  const low = at(0, 0) + (at(1, 0) - at(0, 0)) * (u - i);
  const high = at(0, 1) + (at(1, 1) - at(0, 1)) * (u - i);
  return low + (high - low) * (v - j);
}
