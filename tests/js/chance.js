// Numbers by chance, the same ones every time.

import assert from "node:assert/strict";

/**
 * Numbers from 0 to 1 (xorshift32).
 * @param {number} seed
 */
export function chance(seed = 1) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * @param {number} actual
 * @param {number} expected
 * @param {number} [apart]
 */
export function near(actual, expected, apart = 1e-9) {
  const allowed = apart * Math.max(1, Math.abs(expected));
  assert(Math.abs(actual - expected) <= allowed, `${actual} is not ${expected}`);
}

/**
 * As many things by chance.
 * @template T
 * @param {number} count
 * @param {() => T} one
 * @returns {T[]}
 */
export function several(count, one) {
  return Array.from({ length: count }, one);
}
