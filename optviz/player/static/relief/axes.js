// The axes around the block.

import { ticks } from "../ticks.js";
import { projected } from "./camera.js";
import { HEIGHT } from "./mesh.js";

/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("./camera.js").Projection} Projection */
/** @typedef {import("./mesh.js").Floor} Floor */

/** Pixels of an edge below which it has no labels. */
const SHORT = 48;

/** The block's outline as axes: those of its edges that it does not hide and that hide nothing of it. */
export class Axes {
  /**
   * @param {Scene} scene
   * @param {Floor} floor
   * @param {Projection} projection
   * @param {import("../canvas.js").Stage} stage
   */
  constructor(scene, floor, projection, stage) {
    this.stage = stage;
    this.scene = scene;
    this.floor = floor;
    this.projection = projection;
    const [hx, hy] = floor.halves;
    /** The signs of the corner of the floor that is nearest to the viewer. */
    this.front = [projection.sinA >= 0 ? 1 : -1, projection.cosA >= 0 ? -1 : 1];
    const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [x * hx, y * hy]));
    /** The corner that is farthest to the left. */
    this.left = corners.reduce((leftmost, corner) =>
      this.point(corner[0], corner[1], 0)[0] < this.point(leftmost[0], leftmost[1], 0)[0] ? corner : leftmost,
    );
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  point(x, y, z) {
    return projected(this.projection, x, y, z);
  }

  /**
   * What is behind the block: two walls, with a line for each label of the loss.
   * @param {CanvasRenderingContext2D} context
   */
  behind(context) {
    const { theme } = this.scene.data;
    const [hx, hy] = this.floor.halves;
    const [bx, by] = [-this.front[0] * hx, -this.front[1] * hy];
    this.stage.stroke(context, theme.faint, 1);
    context.lineJoin = "round";
    context.beginPath();
    const across = (/** @type {number} */ z) => {
      this.line(context, [-bx, by, z], [bx, by, z]);
      this.line(context, [bx, by, z], [bx, -by, z]);
    };
    for (const { z } of this.losses()) across(z);
    across(-HEIGHT / 2);
    across(HEIGHT / 2);
    for (const [x, y] of [
      [-bx, by],
      [bx, by],
      [bx, -by],
    ])
      this.line(context, [x, y, -HEIGHT / 2], [x, y, HEIGHT / 2]);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {[number, number, number]} from
   * @param {[number, number, number]} to
   */
  line(context, from, to) {
    const [x0, y0] = this.point(...from);
    const [x1, y1] = this.point(...to);
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
  }

  /** The labels of the loss, as far as they have room. */
  losses() {
    const { ticks: places, labels, levels } = this.scene.data.surface;
    const tall = HEIGHT * this.projection.scale * this.projection.cosE;
    const space = (tall * (places[1] - places[0])) / (levels.length - 1); // none where there is one label
    const apart = space ? Math.ceil((14 * this.stage.scale) / space) : 1;
    return places
      .map((place, k) => ({ z: (place / (levels.length - 1) - 0.5) * HEIGHT, text: labels[k] }))
      .filter((_, k) => k % apart === 0);
  }

  /**
   * The axes with their labels.
   * @param {CanvasRenderingContext2D} context
   */
  draw(context) {
    const { theme } = this.scene.data;
    this.stage.stroke(context, theme.ink, 1);
    Object.assign(context, { fillStyle: theme.ink, lineCap: "round" });
    this.side(context, 0);
    this.side(context, 1);
    this.upright(context);
  }

  /**
   * The axis of x (0) or y (1), along the nearer edge of the floor.
   * @param {CanvasRenderingContext2D} context
   * @param {number} axis
   */
  side(context, axis) {
    const { halves } = this.floor;
    const [low, high] = this.scene.data.surface.domain[axis];
    const other = this.front[1 - axis] * halves[1 - axis];
    const at = (/** @type {number} */ along) =>
      axis ? this.point(other, along, -HEIGHT / 2) : this.point(along, other, -HEIGHT / 2);
    const [from, to] = [at(-halves[axis]), at(halves[axis])];
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(from[0], from[1]);
    context.lineTo(to[0], to[1]);
    context.stroke();
    context.globalAlpha = 1;
    const { scale } = this.stage;
    if (length < SHORT * scale) return;
    const out = this.outward(from, to);
    const { values, texts } = ticks(low, high, false, Math.max(1, length / (56 * scale)));
    context.font = this.stage.font(12);
    for (const [k, value] of values.entries()) {
      const [px, py] = at(this.floor.at(axis, value));
      // At its ends an axis meets the labels of another one.
      const end = Math.min(Math.hypot(px - from[0], py - from[1]), Math.hypot(px - to[0], py - to[1]));
      if (end > 9 * scale) this.tick(context, px, py, out, texts[k]);
    }
    context.font = this.stage.font(14, 600);
    write(
      context,
      this.scene.data.surface.axes[axis],
      (from[0] + to[0]) / 2 + 36 * scale * out[0],
      (from[1] + to[1]) / 2 + 36 * scale * out[1],
      [0, 0],
    );
  }

  /**
   * The direction on the screen that leads away from the block, at a right angle to an edge of its floor.
   * @param {number[]} from
   * @param {number[]} to
   */
  outward(from, to) {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dy) || 1;
    const [x, y] = this.point(0, 0, -HEIGHT / 2);
    const side = Math.sign((x - from[0]) * dy - (y - from[1]) * dx) || 1;
    return [(-dy * side) / length, (dx * side) / length];
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} y
   * @param {number[]} out
   * @param {string} text
   */
  tick(context, x, y, out, text) {
    const [right, down] = out.map((part) => part * this.stage.scale);
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 5 * right, y + 5 * down);
    context.stroke();
    context.globalAlpha = 1;
    write(context, text, x + 8 * right, y + 8 * down, out);
  }

  /**
   * The axis of the loss, at the leftmost corner.
   * @param {CanvasRenderingContext2D} context
   */
  upright(context) {
    const [x, y] = this.left;
    const [px, bottom] = this.point(x, y, -HEIGHT / 2);
    const top = this.point(x, y, HEIGHT / 2)[1];
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(px, bottom);
    context.lineTo(px, top);
    context.stroke();
    context.globalAlpha = 1;
    const { scale } = this.stage;
    if (bottom - top < (SHORT / 2) * scale) return;
    context.font = this.stage.font(12);
    for (const { z, text } of this.losses()) this.tick(context, px, this.point(x, y, z)[1], [-1, 0], text);
    context.font = this.stage.font(14, 600);
    write(context, "loss", px, top - 12 * scale, [-1, 0]); // on the right there may be the block
  }
}

/**
 * Words beside a point, on the side that `out` leads to.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {number[]} out
 */
function write(context, text, x, y, [right, down]) {
  context.textAlign = right < -0.3 ? "right" : right > 0.3 ? "left" : "center";
  context.textBaseline = down < -0.7 ? "bottom" : down > 0.7 ? "top" : "middle";
  context.fillText(text, x, y);
}
