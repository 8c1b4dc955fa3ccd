import assert from "node:assert/strict";
import { test } from "node:test";
import { offeredControls } from "../../optviz/player/static/controls.js";

const control = (/** @type {string} */ name, /** @type {string[]} */ values, when = {}, several = false) => ({
  ...{ name, label: name, place: "beside", help: "", several, when },
  options: values.map((value) => ({ value, called: value, help: "" })),
});
const CONTROLS = [
  control("beside", ["curves", "step", "data"]),
  control("scale", ["auto", "log", "linear"], { beside: ["curves"] }),
  control("marks", ["gradient", "parts", "curvature"], { beside: ["step"], picture: ["2d"] }, true),
  control("arrows", ["run", "fit"], { beside: ["step"], marks: ["gradient", "parts"] }),
  control("convention", ["torch", "keras", "paper"], { beside: ["step"] }),
  control("ruler", ["none", "steps"], { picture: ["2d"] }),
  { ...control("picture", ["2d", "3d"]), place: "transport" },
];

/** What is offered, by its name: its options, and which of them is chosen. */
function offered(view = {}, /** @type {any} */ place = "beside", controls = CONTROLS) {
  const looked = { beside: "step", picture: "2d", marks: [], scale: "auto", arrows: "run", ruler: "none" };
  const data = /** @type {any} */ ({ controls, view: { ...looked, convention: "torch", ...view } });
  return Object.fromEntries(
    offeredControls(data, place).map(({ name, options, now }) => [
      name,
      [options.map(({ value }) => value), now],
    ]),
  );
}

test("a control is offered where it is of use", () => {
  assert.deepEqual(Object.keys(offered()), ["beside", "marks", "convention", "ruler"]);
  assert.deepEqual(Object.keys(offered({ marks: ["parts"] })), [
    "beside",
    "marks",
    "arrows",
    "convention",
    "ruler",
  ]);
  assert.deepEqual(Object.keys(offered({ marks: ["curvature"] })), [
    "beside",
    "marks",
    "convention",
    "ruler",
  ]);
  assert.deepEqual(Object.keys(offered({ beside: "curves", picture: "3d" })), ["beside", "scale"]);
});

test("a control is offered in its place", () => {
  assert.deepEqual(offered({ picture: "3d" }, "transport"), { picture: [["2d", "3d"], "3d"] });
  assert.deepEqual(offered({}, "axes"), {});
});

test("a choice that is not there is the first that is", () => {
  const some = [control("convention", ["torch", "paper"]), control("beside", ["curves", "step"])];
  assert.deepEqual(offered({ convention: "paper" }, "beside", some).convention, [
    ["torch", "paper"],
    "paper",
  ]);
  assert.deepEqual(offered({ convention: "keras" }, "beside", some).convention, [
    ["torch", "paper"],
    "torch",
  ]);
  assert.deepEqual(offered({ beside: "data" }, "beside", some).beside, [["curves", "step"], "curves"]);
});
