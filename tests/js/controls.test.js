import assert from "node:assert/strict";
import { test } from "node:test";
import { offeredControls } from "../../optviz/player/static/controls.js";

const control = (/** @type {string} */ name, /** @type {string[]} */ values, when = {}, several = false) => ({
  ...{ name, label: name, help: "", several, when },
  options: values.map((value) => ({ value, called: value, help: "" })),
});
const CONTROLS = [
  control("beside", ["curves", "step", "data"]),
  control("scale", ["auto", "log", "linear"], { beside: ["curves"] }),
  control("marks", ["gradient", "parts", "curvature"], { beside: ["step"], picture: ["2d"] }, true),
  control("arrows", ["run", "fit"], { beside: ["step"], marks: ["gradient", "parts"] }),
  control("convention", ["torch", "keras", "paper"], { beside: ["step"] }),
  control("ruler", ["none", "steps"], { picture: ["2d"] }),
];

/** What is offered, by its name: its options, and which of them is chosen. */
function offered(view = {}, scene = {}) {
  const looked = { beside: "step", picture: "2d", marks: [], scale: "auto", arrows: "run", ruler: "none" };
  const data = {
    ...{ controls: CONTROLS, lacks: [], conventions: [], surface: { minimum: 0 } },
    ...scene,
    view: { ...looked, convention: "torch", ...view },
  };
  const controls = offeredControls(/** @type {any} */ (data));
  return Object.fromEntries(
    controls.map(({ name, options, now }) => [name, [options.map(({ value }) => value), now]]),
  );
}

test("a control is offered where it is of use", () => {
  assert.deepEqual(Object.keys(offered()), ["beside", "marks", "ruler"]);
  assert.deepEqual(Object.keys(offered({ marks: ["parts"] })), ["beside", "marks", "arrows", "ruler"]);
  assert.deepEqual(Object.keys(offered({ marks: ["curvature"] })), ["beside", "marks", "ruler"]);
  assert.deepEqual(Object.keys(offered({ beside: "curves", picture: "3d" })), ["beside", "scale"]);
});

test("an option that a scene has nothing to show for is not offered", () => {
  assert.deepEqual(offered().beside, [["curves", "step"], "step"]);
  assert.deepEqual(offered({}, { data: {}, lacks: ["step"] }).beside, [["curves", "data"], "curves"]);
  const curves = { beside: "curves" };
  assert.deepEqual(offered(curves, { surface: { minimum: null } }).scale, [["auto", "linear"], "auto"]);
  assert.deepEqual(offered({}, { plane: { shares: [0.9, 0.1] } }).marks, [["gradient", "curvature"], []]);
  assert.deepEqual(offered({}, { plane: { shares: [null, null] } }).marks, [["gradient"], []]);
});

test("a convention that no competitor has is torch's own", () => {
  const scene = { conventions: [{ name: "paper", words: [] }] };
  assert.deepEqual(offered({ convention: "paper" }, scene).convention, [["torch", "paper"], "paper"]);
  assert.deepEqual(offered({ convention: "keras" }, scene).convention, [["torch", "paper"], "torch"]);
});
