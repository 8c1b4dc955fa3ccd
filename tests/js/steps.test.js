import assert from "node:assert/strict";
import { test } from "node:test";
import { eigen, Steps } from "../../optviz/player/static/steps.js";
import { chance, near } from "./chance.js";

test("eigenvalues and the axis are those of the matrix", () => {
  const random = chance(5);
  for (let tries = 0; tries < 200; tries++) {
    const [a, b, c] = [random() - 0.5, random() - 0.5, random() - 0.5];
    const { high, low, angle } = eigen([a, b, c]);
    assert(high >= low);
    near(high + low, a + c);
    near(high * low, a * c - b * b);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    near(a * x + b * y, high * x);
    near(b * x + c * y, high * y);
  }
});

/** Momentum m = 0.9 m + g, and the point goes by -0.1 m. */
const DATA = /** @type {any} */ ({
  columns: [
    ["theta", 2],
    ["gradient", 2],
    ["state.m", 2],
    ["lr", 1],
  ],
  settings: { momentum: 0.9 },
  trained: [0, 1],
  resetEvery: 3,
  rule: {
    initial: { m: 0 },
    forms: [
      {
        lines: [
          { name: "m", term: ["+", ["*", "momentum", "m.before"], "g"] },
          { name: "next", term: ["-", "theta", ["*", "lr", "m"]] },
        ],
        parts: {
          momentum: ["neg", ["*", "lr", ["*", "momentum", "m.before"]]],
          gradient: ["neg", ["*", "lr", "g"]],
        },
      },
    ],
  },
});

test("a step is derived from what was known before it, and is the sum of its parts", () => {
  const points = 7;
  const random = chance(2);
  const numbers = Float64Array.from({ length: 7 * points }, random);
  const steps = new Steps(DATA, numbers);
  assert.equal(steps.n, points - 1);
  const known = steps.known.bind(steps);
  steps.known = (key, step, axis) =>
    key === "g" ? steps.on("gradient", step, axis) : known(key, step, axis);
  for (let step = 0; step < steps.n; step++) {
    const { values, parts } = steps.derived(step);
    for (const axis of [0, 1]) {
      const before = step % 3 === 0 ? 0 : steps.on("state.m", step - 1, axis); // built anew every third step
      near(values.m[axis], 0.9 * before + steps.on("gradient", step, axis));
      const moved = values.next[axis] - steps.on("theta", step, axis);
      near(moved, parts.momentum[axis] + parts.gradient[axis]);
    }
    assert.equal(steps.count(step), (step % 3) + 1);
  }
});

test("a column has its numbers, and one for both axes has one", () => {
  const steps = new Steps(
    DATA,
    Float64Array.from({ length: 14 }, (_, k) => k),
  );
  assert.deepEqual(
    [steps.at("theta", 0), steps.at("theta", 1)],
    [
      [0, 2],
      [1, 3],
    ],
  );
  assert.deepEqual([steps.on("lr", 1, 0), steps.on("lr", 1, 1)], [13, 13]);
  assert.deepEqual(steps.at("nothing", 0), []);
  assert(Number.isNaN(steps.on("nothing", 0, 0)));
});
