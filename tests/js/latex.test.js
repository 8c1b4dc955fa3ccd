// Formulas as LaTeX and as MathML: the cases that Python's writer is tested on, too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { latex, mathml, numberTeX, tag, write } from "../../optviz/player/static/formula.js";
import fixture from "../latex_cases.json" with { type: "json" };

const { shown, cases, numbers } = /** @type {any} */ (fixture);

/** As much of an element as formulas need: its text is that of its parts. */
class Plain {
  /** @type {(Plain | string)[]} */
  parts = [];

  /** @param {(Plain | string)[]} parts */
  append(...parts) {
    this.parts.push(...parts);
  }

  setAttribute() {}

  /** @returns {string} */
  get text() {
    return this.parts.map((part) => (typeof part === "string" ? part : part.text)).join("");
  }
}
Object.assign(globalThis, { document: { createElementNS: () => new Plain() } });

for (const { term, latex: expected, text } of cases) {
  test(`${JSON.stringify(term)} is written`, () => {
    assert.equal(
      write(
        term,
        latex((key) => shown[key]),
      ),
      expected,
    );
    if (!text) return;
    /** @type {any} */
    const element = write(
      term,
      mathml((leaf) => tag("mi", String(leaf))),
    );
    assert.equal(element.text, text);
  });
}

test("numbers have six digits and a power of ten where they are long", () => {
  for (const [value, expected] of numbers) assert.equal(numberTeX(Number(value)), expected);
});
