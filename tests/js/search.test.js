import assert from "node:assert/strict";
import { test } from "node:test";
import { lastAtMost } from "../../optviz/player/static/search.js";
import { chance, several } from "./chance.js";

test("it finds what a look at every number finds", () => {
  const random = chance();
  for (let length = 0; length < 40; length++) {
    const ascending = several(length, () => Math.floor(10 * random())).sort((a, b) => a - b);
    for (let value = -1; value <= 10; value += 0.5)
      assert.equal(lastAtMost(ascending, value), ascending.filter((one) => one <= value).length - 1);
  }
});
