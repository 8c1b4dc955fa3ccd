import assert from "node:assert/strict";
import { test } from "node:test";
import { Clock } from "../../optviz/player/static/clock.js";
import { near } from "./chance.js";

/** A clock in a browser whose frames come when the test says. @param {boolean} calm */
function clockOf(calm = false) {
  let now = 0;
  /** @type {((now: number) => void)[]} */
  let frames = [];
  Object.assign(globalThis, {
    matchMedia: () => ({ matches: calm }),
    requestAnimationFrame: (/** @type {(now: number) => void} */ act) => frames.push(act),
    cancelAnimationFrame: () => {
      frames = [];
    },
  });
  performance.now = () => now;
  const clock = new Clock(() => {});
  const pass = (/** @type {number} */ milliseconds) => {
    now += milliseconds;
    const due = frames;
    frames = [];
    for (const act of due) act(now);
  };
  return { clock, pass };
}

test("a playhead stays within its run", () => {
  const { clock } = clockOf();
  clock.resize(40);
  assert.equal(clock.position, 40); // at the end it stays at the end
  for (const [to, is] of [
    [-3, 0],
    [12.5, 12.5],
    [99, 40],
  ]) {
    clock.seek(to);
    assert.equal(clock.position, is);
  }
  clock.seek(30);
  clock.resize(20);
  assert.equal(clock.position, 20);
  clock.resize(60);
  assert.equal(clock.position, 60);
});

test("a step goes to the next whole one, from wherever it is", () => {
  const { clock } = clockOf();
  clock.resize(10);
  for (const [from, by, to] of [
    [3, 1, 4],
    [3, -1, 2],
    [3.4, 1, 4],
    [3.4, -1, 3],
    [10, 1, 10],
    [0, -1, 0],
  ]) {
    clock.seek(from);
    clock.step(by);
    assert.equal(clock.position, to);
  }
});

test("it plays as fast as it says, from the start when it was at the end, and stops there", () => {
  const { clock, pass } = clockOf();
  clock.resize(800);
  clock.play();
  assert.deepEqual([clock.position, clock.playing], [0, true]);
  for (let frame = 0; frame < 60; frame++) pass(1000 / 60);
  near(clock.position, clock.rate, 1e-6);
  pass(60_000); // a tab in the background does not leap
  assert(clock.position <= 1.26 * clock.rate);
  while (clock.playing) pass(250);
  assert.equal(clock.position, 800);
});

test("again and again", () => {
  const { clock, pass } = clockOf();
  clock.loop = true;
  clock.resize(10);
  clock.play();
  const seen = new Set();
  for (let frame = 0; frame < 30; frame++) {
    pass(250);
    seen.add(clock.position);
  }
  assert(clock.playing && seen.has(10) && seen.has(0));
});

test("who wants less motion sees few pictures, and no less of the run", () => {
  const { clock, pass } = clockOf(true);
  clock.resize(800);
  clock.play();
  const seen = new Set();
  for (let frame = 0; frame < 100; frame++) {
    pass(20);
    seen.add(clock.position);
  }
  assert(seen.size <= 5);
  near(clock.position, 2 * clock.rate, 1e-6);
});
