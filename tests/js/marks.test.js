// Marks are as large as the sizes say that the player is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { head, star } from "../../optviz/player/static/canvas.js";
import { near } from "./chance.js";

const SIZES = { star: 20, star_notch: 8, star_outline: 3, head: 6, head_outline: 4 };

/** A canvas that keeps what is drawn on it: corners, circles' radii and the widths of lines. @returns {any} */
function sheet(scale = 1) {
  const drawn = { corners: /** @type {[number, number][]} */ ([]), radii: [0], widths: [0] };
  const context = {
    beginPath() {},
    closePath() {},
    fill() {},
    stroke() {},
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => drawn.corners.push([x, y]),
    arc: (/** @type {number} */ _x, /** @type {number} */ _y, /** @type {number} */ r) => drawn.radii.push(r),
  };
  const stroke = (/** @type {any} */ _context, /** @type {string} */ _color, /** @type {number} */ width) =>
    drawn.widths.push(width);
  return { context, stage: { scale, sizes: SIZES, theme: {}, stroke }, drawn };
}

test("a star has the tips, the notches and the outline of the table, and grows with the type", () => {
  const canvas = sheet(1.5);
  star(canvas, 100, 50);
  const radii = canvas.drawn.corners.map((/** @type {number[]} */ [x, y]) => Math.hypot(x - 100, y - 50));
  for (const [k, radius] of radii.entries()) near(radius, 1.5 * (k % 2 ? 8 : 20));
  assert.equal(radii.length, 10);
  assert.equal(canvas.drawn.widths.at(-1), 3);
});

test("a head has the radius and the outline of the table, unless another radius is asked for", () => {
  const canvas = sheet();
  head(canvas, 0, 0, "#000000");
  assert.deepEqual([canvas.drawn.radii.at(-1), canvas.drawn.widths.at(-1)], [6, 4]);
  head(canvas, 0, 0, "#000000", null, 4);
  assert.equal(canvas.drawn.radii.at(-1), 4);
});
