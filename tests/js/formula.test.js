import assert from "node:assert/strict";
import { test } from "node:test";
import { apart, evaluate, SUM, write } from "../../optviz/player/static/formula.js";
import { chance, near } from "./chance.js";

/** @typedef {import("../../optviz/player/static/formula.js").Term} Term */

const VALUES = /** @type {Record<string, number>} */ ({ a: 2, b: 3, c: 5 });

/**
 * A formula by chance.
 * @param {() => number} random
 * @param {number} depth
 * @returns {Term}
 */
function formula(random, depth) {
  const pick = (/** @type {string[]} */ of) => of[Math.floor(random() * of.length)];
  if (!depth || random() < 0.2) return random() < 0.5 ? pick(["a", "b", "c"]) : Math.floor(9 * random()) - 4;
  const name = pick(["+", "-", "*", "neg"]);
  const parts = Array.from({ length: name === "neg" ? 1 : 2 }, () => formula(random, depth - 1));
  return [name, ...parts];
}

/** Text as people read it: a sign belongs to what comes next, · comes before + and −. @param {string} text */
function read(text) {
  const parts = text.match(/\d+|[a-c]|[-+−·()]/g) ?? [];
  const take = (/** @type {string} */ part) => parts[0] === part && parts.shift() !== undefined;
  /** @returns {number} */
  const factor = () => {
    if (take("−")) return -factor();
    if (take("(")) {
      const inner = sum();
      assert(take(")"));
      return inner;
    }
    const leaf = /** @type {string} */ (parts.shift());
    return VALUES[leaf] ?? Number(leaf);
  };
  const product = () => {
    let value = factor();
    while (take("·")) value *= factor();
    return value;
  };
  /** @returns {number} */
  const sum = () => {
    let value = product();
    while (parts[0] === "+" || parts[0] === "−") value += take("+") ? product() : take("−") ? -product() : 0;
    return value;
  };
  const value = sum();
  assert.equal(parts.length, 0);
  return value;
}

const never = () => assert(false);
/** @type {any} */
const WRITER = {
  leaf: (/** @type {number | string} */ leaf, /** @type {number} */ rank) =>
    typeof leaf === "number" && leaf < 0 ? (rank > SUM ? `(−${-leaf})` : `−${-leaf}`) : String(leaf),
  sum: (/** @type {string[]} */ ...parts) => parts.join(""),
  product: (/** @type {string[]} */ ...parts) => parts.join("·"),
  negative: (/** @type {string} */ part) => `−${part}`,
  bracket: (/** @type {string} */ inner) => `(${inner})`,
  fraction: never,
  power: never,
  root: never,
};

test("what is written has the value of the formula: no bracket is missing", () => {
  const random = chance(3);
  for (let tries = 0; tries < 500; tries++) {
    const term = formula(random, 4);
    const value = evaluate(term, (key) => VALUES[key]);
    near(read(write(term, WRITER)), value);
  }
});

test("operations are those of numbers", () => {
  const of = (/** @type {Term} */ term) => evaluate(term, (key) => VALUES[key]);
  assert.equal(of(["/", ["**", "b", 2], ["sqrt", 9]]), 3);
  assert.equal(of(["max", ["abs", -4], ["min", 7, "c"]]), 5);
  assert.equal(of(["float32", 0.1]), Math.fround(0.1));
  assert.deepEqual(
    [1, -1, 0].map((sign) => of(["by sign", sign, "a", "b", "c"])),
    [2, 3, 5],
  );
});

test("a root mean square is of both axes, and has the numbers of both where they are put in", () => {
  const values = (/** @type {string} */ key, /** @type {number} */ axis) => VALUES[key] * (axis ? 7 : 1);
  for (const axis of [0, 1]) assert.equal(evaluate(["RMS", ["neg", "a"]], values, axis), 10);
  assert.equal(evaluate(["*", "b", ["RMS", "a"]], values, 1), 210);
  assert.deepEqual(apart(["/", ["RMS", ["*", "a", 2]], "b"]), [
    "/",
    ["RMS", ["*", "a@0", 2], ["*", "a@1", 2]],
    "b",
  ]);
});
