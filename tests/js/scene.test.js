import assert from "node:assert/strict";
import { test } from "node:test";
import { Inbox, receive } from "../../optviz/player/static/blobs.js";
import { inUnits, onScreen, shapeOf, wholeOf } from "../../optviz/player/static/frame.js";
import { Model } from "../../optviz/player/static/model.js";
import { endOf, lossAt, stepAt } from "../../optviz/player/static/scene.js";
import { chance, near, several } from "./chance.js";

const random = chance(31);
const between = (/** @type {number} */ low, /** @type {number} */ high) => low + random() * (high - low);

test("a playhead in evaluations is at the step that has used them", () => {
  const run = /** @type {any} */ ({ n: 4, evals: [0, 1, 21, 22, 30] });
  for (let k = 0; k <= 4; k++) assert.equal(stepAt(run, run.evals[k], "evals"), k);
  assert.equal(stepAt(run, 11, "evals"), 1.5);
  assert.equal(stepAt(run, 99, "evals"), 4);
  assert.equal(stepAt(run, 2.5, "steps"), 2.5);
  assert.deepEqual([endOf([run], "steps"), endOf([run], "evals"), endOf([], "steps")], [4, 30, 1]);
});

test("between the points of a grid, a plane is a plane; outside there is nothing", () => {
  const [nx, ny] = [5, 4];
  const losses = Float64Array.from({ length: nx * ny }, (_, k) => 2 * (k % nx) - 3 * Math.floor(k / nx));
  const domain = [
    [10, 14],
    [-3, 0],
  ];
  const scene = /** @type {any} */ ({ losses, data: { surface: { size: [nx, ny], domain } } });
  for (let tries = 0; tries < 100; tries++) {
    const [x, y] = [between(10, 14), between(-3, 0)];
    near(lossAt(scene, x, y), 2 * (x - 10) - 3 * (y + 3));
  }
  near(lossAt(scene, 14, 0), 8 - 9);
  assert(Number.isNaN(lossAt(scene, 14.1, 0)));
});

test("a place on the screen leads back to its values, also a billion widths from 0", () => {
  const frame = /** @type {any} */ ({ x0: 1e9, dx: 300, y0: -5, dy: -2e-6, box: [10, 20, 310, 220] });
  for (let tries = 0; tries < 100; tries++) {
    const at = onScreen(frame, ...inUnits(frame, between(10, 310), between(20, 220)));
    assert(at[0] > 9.9 && at[0] < 310.1 && at[1] > 19.9 && at[1] < 220.1);
  }
});

test("with equal units a picture has the shape of what it shows", () => {
  for (let tries = 0; tries < 100; tries++) {
    const [width, height] = several(2, () => 10 ** between(-2, 2));
    const domain = [
      [0, width],
      [0, height],
    ];
    const surface = { domain, filled: 0.8, natural: true };
    const scene = /** @type {any} */ ({ data: { surface, view: { units: "equal" } } });
    const [x, y] = wholeOf(scene).map(([low, high]) => high - low);
    near(y / x, shapeOf(scene), 1e-6);
    assert(x >= width - 1e-9 && y >= height - 1e-9);
  }
});

test("a model is its layers, one after the other", () => {
  const model = new Model([
    { kind: "linear", in: 2, out: 3, bias: true },
    { kind: "tanh" },
    { kind: "linear", in: 3, out: 1, bias: false },
    { kind: "relu" },
  ]);
  for (let tries = 0; tries < 20; tries++) {
    const p = several(12, () => between(-1, 1));
    const [a, b] = several(2, () => between(-1, 1));
    const hidden = [0, 1, 2].map((row) => Math.tanh(p[2 * row] * a + p[2 * row + 1] * b + p[6 + row]));
    const sum = hidden.reduce((total, value, k) => total + p[9 + k] * value, 0);
    near(model.output(p, [a, b]), Math.max(sum, 0));
  }
});

test("bytes stay as long as any player needs them", () => {
  const message = (/** @type {number} */ name) => Uint8Array.from({ length: 12 }, () => name);
  const digest = (/** @type {number} */ name) => name.toString(16).padStart(2, "0").repeat(8);
  let arrivals = 0;
  const [one, other] = [new Inbox(() => arrivals++), new Inbox(() => {})];
  for (const name of [1, 2, 3]) receive(message(name));
  assert.equal(arrivals, 3);
  assert(one.take([digest(1)]));
  assert(other.take([digest(2)]));
  assert(other.take([digest(2)])); // what came before is let go: 3 belongs to nobody
  assert(one.take([digest(1)]));
  assert(!one.take([digest(3)]) && one.take([digest(1)]) && other.take([digest(2)]));
  receive(message(4)); // it belongs to what comes after the next scene
  assert(one.take([digest(1)]) && other.take([digest(2)]) && one.take([digest(1), digest(4)]));
  other.close();
  assert(one.take([digest(1), digest(4)]));
  assert(!one.take([digest(2)]));
});
