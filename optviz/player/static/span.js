// How far the axis of a chart goes, and where curves leave it: no finite value is cut off without a mark.

/** How many times the height of the other runs a run that diverged may add to the axis, at either end. */
const BEYOND = 2;
/** Room above and below the curves: powers of ten on a log axis, a share of the range on a linear one. */
const DECADES = 0.2;
const SHARE = 0.05;

/**
 * Some steps in a row whose values lie beyond one end of the axis; a side is 1 above it and −1 below it.
 * @typedef {{ side: 1 | -1, from: number, to: number, extreme: number }} Excursion
 */

/**
 * A value on its axis: on a log axis its power of ten, which for 0 and below lies under every other.
 * @param {number} value
 * @param {boolean} log
 */
export function scaled(value, log) {
  if (!log) return value;
  return value > 0 ? Math.log10(value) : Number.isNaN(value) ? value : -Infinity;
}

/**
 * The range of an axis. It holds all that the runs that did not diverge have. Those that did go on as far as
 * the others are not squeezed flat: beyond that, `excursions` says what has left.
 * @param {ArrayLike<number>[]} curves
 * @param {boolean} log
 * @param {boolean[]} diverged of each curve, whether its run did
 * @returns {[number, number]} on a log axis powers of ten
 */
export function span(curves, log, diverged) {
  const whole = extent(curves, log);
  const kept = extent(
    curves.filter((_, place) => !diverged[place]),
    log,
  );
  if (whole[0] > whole[1]) return [0, 1];
  let [low, high] = whole;
  if (kept[0] <= kept[1]) {
    const height = kept[1] - kept[0] || (log ? 1 : Math.abs(kept[1]) || 1);
    [low, high] = [Math.max(low, kept[0] - BEYOND * height), Math.min(high, kept[1] + BEYOND * height)];
  }
  const margin = log ? DECADES : SHARE * (high - low) || Math.abs(high) || 1;
  return [low - margin, high + margin];
}

/**
 * The lowest and the highest finite value on an axis; the first is above the second where there is none.
 * @param {ArrayLike<number>[]} curves
 * @param {boolean} log
 * @returns {[number, number]}
 */
function extent(curves, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const curve of curves) {
    for (let k = 0; k < curve.length; k++) {
      const at = scaled(curve[k], log);
      if (!Number.isFinite(at)) continue;
      [low, high] = [Math.min(low, at), Math.max(high, at)];
    }
  }
  return [low, high];
}

/**
 * Where a curve lies beyond its axis. What is not a number lies nowhere.
 * @param {ArrayLike<number>} curve
 * @param {[number, number]} range as `span` gives it
 * @param {boolean} log
 * @returns {Excursion[]}
 */
export function excursions(curve, [low, high], log) {
  /** @type {Excursion[]} */
  const stretches = [];
  let before = 0;
  for (let k = 0; k < curve.length; k++) {
    const at = scaled(curve[k], log);
    const side = at > high ? 1 : at < low ? -1 : 0;
    const last = stretches[stretches.length - 1];
    if (side && side === before) {
      const further = side > 0 ? Math.max : Math.min;
      Object.assign(last, { to: k, extreme: further(last.extreme, curve[k]) });
    } else if (side) stretches.push({ side, from: k, to: k, extreme: curve[k] });
    before = side;
  }
  return stretches;
}
