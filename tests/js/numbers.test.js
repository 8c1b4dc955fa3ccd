import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp, wholeStep } from "../../optviz/player/static/numbers.js";

test("a number is kept in a range", () => {
  assert.deepEqual(
    [-1, 0, 0.5, 1, 2].map((value) => clamp(value, 0, 1)),
    [0, 0, 0.5, 1, 1],
  );
  assert.deepEqual(clamp(Number.NaN, 0, 1), Number.NaN, "what is no number stays none");
});

test("rounding does not take a whole step away", () => {
  assert.deepEqual([2, 2.5, 3 - 1e-9, 3 - 1e-3].map(wholeStep), [2, 2, 3, 2]);
});
