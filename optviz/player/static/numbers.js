// Numbers: kept in a range, and counted in whole steps.

/** So much a position may be below a whole step by rounding. */
const ROUNDING = 1e-6;

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/**
 * The last whole step at a position between steps.
 * @param {number} position
 */
export function wholeStep(position) {
  return Math.floor(position + ROUNDING);
}
