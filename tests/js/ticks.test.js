import assert from "node:assert/strict";
import { test } from "node:test";
import {
  coordinate,
  counted,
  placed,
  precise,
  short,
  single,
  ticks,
} from "../../optviz/player/static/ticks.js";
import { chance, near, several } from "./chance.js";

/** A number as it is written. @param {string} text */
const read = (text) => Number(text.replaceAll("−", "-"));

const random = chance(7);
const ranges = several(300, () => {
  const width = 10 ** (12 * random() - 6);
  const low = (random() - 0.5) * 10 ** (6 * random()) * width;
  return [low, low + width, 1 + Math.floor(9 * random())];
});

test("labels of a linear axis are even, within it, and no more than have room", () => {
  for (const [low, high, most] of ranges) {
    const { values, texts } = ticks(low, high, false, most);
    const slack = 1e-6 * (high - low);
    assert.equal(texts.length, values.length);
    assert(values.length <= most + 1);
    if (most >= 3) assert(values.length >= 1);
    for (const [k, value] of values.entries()) {
      assert(value >= low - slack && value <= high + slack);
      if (k) near((value - values[k - 1]) / (values[1] - values[0]), 1, 1e-6);
      const gap = values.length > 1 ? values[1] - values[0] : high - low;
      assert(Math.abs(read(texts[k]) - value) <= 0.01 * gap, `${texts[k]} for ${value}`);
    }
    assert.equal(new Set(texts).size, texts.length, `two labels of ${low} to ${high} are the same`);
  }
});

test("labels of a log axis are within it, and say powers of ten", () => {
  for (let low = -12; low < 8; low += 0.7) {
    for (const height of [0.001, 0.05, 0.3, 1, 1.9, 2, 5, 20]) {
      const { values, texts } = ticks(low, low + height, true, 5);
      assert(values.length > 0 || height < 2);
      assert.equal(new Set(texts).size, texts.length);
      for (const [k, value] of values.entries()) {
        assert(value >= low - 1e-9 && value <= low + height + 1e-9);
        if (k) assert(value > values[k - 1]);
        if (!/^10[⁻⁰-⁹¹²³]/.test(texts[k])) near(read(texts[k]) / 10 ** value, 1, 1e-3);
      }
    }
  }
});

test("a number is written as it is, in so many digits", () => {
  for (const [low, high] of ranges) {
    for (const value of [low, high, high - low]) {
      near(read(precise(value, 5)) / value, 1, 1e-4);
      near(read(short(value)) / value, 1, 1e-2);
    }
    assert(read(placed(low, 100 / (high - low))) - low <= (high - low) / 500);
  }
  assert.deepEqual([precise(Number.NaN), precise(Infinity), precise(-Infinity)], ["NaN", "∞", "−∞"]);
  assert.match(single(Infinity), /^over/);
  assert.deepEqual([counted(1, "step"), counted(1500, "step")], ["1 step", "1,500 steps"]);
});

test("a coordinate is never minus nothing", () => {
  for (const value of [-1e-12, -0, 0, 1e-12]) assert.equal(coordinate(value, 10), "0");
});
