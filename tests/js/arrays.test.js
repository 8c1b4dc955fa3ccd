import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersOf } from "../../optviz/web/static/arrays.js";

const inBase64 = (/** @type {ArrayBufferLike} */ buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)));

test("the numbers of an array are read row by row", () => {
  assert.deepEqual(
    numbersOf([
      [1, 2],
      [3, 4],
    ]),
    [1, 2, 3, 4],
  );
  for (const [dtype, kind] of /** @type {const} */ ([
    ["i1", Int8Array],
    ["i2", Int16Array],
    ["i4", Int32Array],
    ["f4", Float32Array],
    ["f8", Float64Array],
  ])) {
    const numbers = kind.of(-1, 0, 100);
    const bdata = inBase64(numbers.buffer);
    assert.deepEqual(numbersOf({ dtype, bdata }), numbers);
  }
  const bdata = inBase64(Float32Array.of(1.5, Number.NaN).buffer);
  assert.deepEqual(Array.from(numbersOf({ dtype: "f4", bdata })), [1.5, Number.NaN]);
});
