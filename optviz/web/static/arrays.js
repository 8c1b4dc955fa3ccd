// The arrays of a figure, as plotly's Python writes them.

const KINDS = {
  ...{ i1: Int8Array, i2: Int16Array, i4: Int32Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array },
  ...{ f4: Float32Array, f8: Float64Array },
};

/** @typedef {{ dtype: keyof typeof KINDS, bdata: string }} Packed bytes of little-endian numbers, in base64 */

/**
 * The numbers of an array, row by row.
 * @param {Packed | any[]} array
 * @returns {ArrayLike<number>}
 */
export function numbersOf(array) {
  if (Array.isArray(array)) return array.flat();
  const bytes = Uint8Array.from(atob(array.bdata), (letter) => letter.charCodeAt(0));
  return new KINDS[array.dtype](bytes.buffer);
}
