import assert from "node:assert/strict";
import { test } from "node:test";
import { placementOf } from "../../optviz/player/static/flat.js";
import {
  GAP,
  inside,
  SEEN,
  screenPath,
  UNSEEN,
  whereAt,
  within,
} from "../../optviz/player/static/screenpath.js";
import { chance, near, several } from "./chance.js";

const random = chance(23);
const between = (/** @type {number} */ low, /** @type {number} */ high) => low + random() * (high - low);
const FRAME = /** @type {any} */ ({ x0: -1, dx: 200, y0: -1, dy: -150, box: [50, 20, 450, 320] });
const flat = placementOf(FRAME);
/** As if the left half of the picture were hidden, and each line looked at in pieces. */
const hiding = {
  ...flat,
  sees: (/** @type {number} */ x) => x > 250,
  pieces: (/** @type {number} */ length) => Math.max(Math.round(length / 4), 1),
};

/** @param {number[][]} points @returns {any} */
function run(points) {
  return { n: points.length - 1, x: points.map(([x]) => x), y: points.map(([, y]) => y) };
}

/** A walk by chance, with many short steps, some long ones and some to nowhere. */
function walk() {
  const points = [[between(-1, 1), between(-1, 1)]];
  for (let k = 0; k < 60; k++) {
    const length = random() < 0.2 ? 1 : random() < 0.5 ? 1e-4 : 0.05;
    const [x, y] = points.findLast(([at]) => Number.isFinite(at)) ?? [0, 0];
    points.push(
      random() < 0.05 ? [Number.NaN, 0] : [x + length * between(-1, 1), y + length * between(-1, 1)],
    );
  }
  return run(points);
}

/**
 * Where a line that is drawn to a step ends.
 * @param {import("../../optviz/player/static/screenpath.js").ScreenPath["line"]} line
 * @param {number} step
 */
function endOf({ x, y, at }, step) {
  const k = at.findIndex((one) => one >= step);
  const t = at[k] > at[k - 1] ? (step - at[k - 1]) / (at[k] - at[k - 1]) : 1;
  return k > 0 ? [x[k - 1] + t * (x[k] - x[k - 1]), y[k - 1] + t * (y[k] - y[k - 1])] : [x[0], y[0]];
}

for (const [name, placement] of Object.entries({ flat, hiding })) {
  test(`${name}: a line ends where its run is, after every step`, () => {
    for (const one of several(40, walk)) {
      const path = screenPath(one, placement);
      for (let step = 0; step <= one.n; step++) {
        if (!Number.isFinite(one.x[step]) || !within(path.x[step], path.y[step], flat.area)) continue;
        if (step > path.line.at[path.line.at.length - 1]) continue; // it ends at a point that is no number
        const [x, y] = endOf(path.line, step);
        assert(Math.hypot(x - path.x[step], y - path.y[step]) < 0.5, `${name}, step ${step}`);
        const { spot, out } = whereAt(path, placement, step);
        assert.deepEqual([spot[0], spot[1], out], [path.x[step], path.y[step], null]);
      }
    }
  });

  test(`${name}: steps ascend along a line, dashes run on, and nothing is drawn outside`, () => {
    for (const one of several(40, walk)) {
      const { line, hidden } = screenPath(one, placement);
      for (let k = 1; k < line.at.length; k++) {
        assert(line.at[k] >= line.at[k - 1]);
        const length = Math.hypot(line.x[k] - line.x[k - 1], line.y[k] - line.y[k - 1]);
        near(line.way[k], line.kind[k] === GAP ? 0 : line.way[k - 1] + length, 1e-6);
        const [left, top, right, bottom] = placement.lines;
        assert(within(line.x[k], line.y[k], [left - 1e-6, top - 1e-6, right + 1e-6, bottom + 1e-6]));
      }
      assert.equal(hidden, line.kind.includes(UNSEEN));
      if (placement === flat) assert(line.kind.every((kind) => kind === GAP || kind === SEEN));
      if (line.kind.includes(GAP)) assert.equal(line.kind[0], GAP);
    }
  });
}

test("a path within the picture is one line", () => {
  const points = several(200, () => [between(-0.9, 0.9), between(-0.9, 0.9)]);
  const { line } = screenPath(run(points), flat);
  assert.deepEqual(
    line.kind.flatMap((kind, k) => (kind === GAP ? [k] : [])),
    [0],
  );
});

test("dots are steps that lie apart", () => {
  const path = screenPath(
    run([
      [0, 0],
      [0.5, 0],
      [0.5001, 0],
      [0.9, 0],
      [5, 0],
    ]),
    flat,
  );
  assert.deepEqual(
    path.dots.map(({ step }) => step),
    [3],
  );
});

test("what is out of sight is pointed at from the rim", () => {
  for (let angle = 0; angle < 2 * Math.PI; angle += 0.3) {
    const far = [9 * Math.cos(angle), 12 * Math.sin(angle)]; // pixels differ on the axes
    const { spot, out } = whereAt(screenPath(run([[0, 0], far]), flat), flat, 1);
    assert(within(spot[0], spot[1], [58.9, 28.9, 441.1, 311.1]));
    near(Math.cos(Number(out)), Math.cos(angle), 1e-6);
    near(Math.sin(Number(out)), -Math.sin(angle), 1e-6);
  }
});

test("a share of a line is inside a box exactly where its points are", () => {
  const box = /** @type {[number, number, number, number]} */ ([-1, -1, 1, 1]);
  for (let tries = 0; tries < 500; tries++) {
    const [x0, y0, x1, y1] = several(4, () => between(-3, 3));
    const part = inside(x0, y0, x1, y1, box);
    for (let t = 0.005; t < 1; t += 0.01) {
      const there = within(x0 + t * (x1 - x0), y0 + t * (y1 - y0), box);
      assert.equal(part !== null && t >= part[0] && t <= part[1], there);
    }
  }
});
