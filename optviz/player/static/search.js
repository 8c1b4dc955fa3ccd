// Finding things in ascending numbers.

/**
 * The place of the last of ascending numbers that is at most `value`; -1 where none is.
 * @param {ArrayLike<number>} ascending
 * @param {number} value
 */
export function lastAtMost(ascending, value) {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
