// Where the block is on the screen, and the axes around it.

import { HEIGHT } from "./mesh.js";
import { font } from "./pen.js";
import { ticks } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./mesh.js").Ground} Ground */
/** @typedef {import("./raster.js").View} View */
/** Degrees; from above is 90. @typedef {{ azimuth: number, elevation: number, zoom: number }} Camera */

/** Room for the labels: on the left and on the right, above, and below. */
const ROOM = { side: 64, top: 26, bottom: 50 };
/** Pixels of an edge below which it has no labels. */
const SHORT = 48;

/**
 * The whole block, at any azimuth, in a window of this size.
 * @param {Camera} camera
 * @param {Ground} ground
 * @param {number} width
 * @param {number} height
 * @returns {View}
 */
export function viewOf(camera, ground, width, height) {
  const [azimuth, elevation] = [camera.azimuth, camera.elevation].map((angle) => (angle * Math.PI) / 180);
  const [cosE, sinE] = [Math.cos(elevation), Math.sin(elevation)];
  const across = 2 * Math.hypot(...ground.halves);
  const side = Math.min(ROOM.side, 0.14 * width);
  const inner = height - ROOM.top - ROOM.bottom;
  const fit = Math.min((width - 2 * side) / across, inner / (across * sinE + HEIGHT * cosE));
  return {
    scale: Math.max(fit, 1) * camera.zoom,
    cx: width / 2,
    cy: ROOM.top + inner / 2,
    cosA: Math.cos(azimuth),
    sinA: Math.sin(azimuth),
    cosE,
    sinE,
  };
}

/**
 * The same view, moved so that a place of the block is at a place of the screen.
 * @param {View} view
 * @param {[number, number, number]} spot
 * @param {number} px
 * @param {number} py
 * @returns {View}
 */
export function pinned(view, spot, px, py) {
  const [x, y] = projected(view, ...spot);
  return { ...view, cx: view.cx + px - x, cy: view.cy + py - y };
}

/**
 * The place of the block that is at a place of the screen, this near.
 * @param {View} view
 * @param {number} px
 * @param {number} py
 * @param {number} near
 * @returns {[number, number, number]}
 */
export function lifted({ scale, cx, cy, cosA, sinA, cosE, sinE }, px, py, near) {
  const [right, up] = [(px - cx) / scale, (cy - py) / scale];
  const back = sinE * up - cosE * near;
  return [cosA * right - sinA * back, sinA * right + cosA * back, cosE * up + sinE * near];
}

/**
 * Where a place is on the screen, and how near it is.
 * @param {View} view
 * @param {number} x
 * @param {number} y
 * @param {number} z
 * @returns {[number, number, number]}
 */
export function projected({ scale, cx, cy, cosA, sinA, cosE, sinE }, x, y, z) {
  const back = cosA * y - sinA * x;
  return [cx + scale * (cosA * x + sinA * y), cy - scale * (cosE * z + sinE * back), sinE * z - cosE * back];
}

/** The block's outline as axes: those of its edges that it does not hide and that hide nothing of it. */
export class Box {
  /**
   * @param {Scene} scene
   * @param {Ground} ground
   * @param {View} view
   */
  constructor(scene, ground, view) {
    this.scene = scene;
    this.ground = ground;
    this.view = view;
    const [hx, hy] = ground.halves;
    /** The signs of the corner of the ground that is nearest to the viewer. */
    this.front = [view.sinA >= 0 ? 1 : -1, view.cosA >= 0 ? -1 : 1];
    const corners = [-1, 1].flatMap((x) => [-1, 1].map((y) => [x * hx, y * hy]));
    /** The corner that is farthest to the left. */
    this.left = corners.reduce((best, one) =>
      this.point(one[0], one[1], 0)[0] < this.point(best[0], best[1], 0)[0] ? one : best,
    );
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} z
   */
  point(x, y, z) {
    return projected(this.view, x, y, z);
  }

  /**
   * What is behind the block: two walls, with a line for each label of the loss.
   * @param {CanvasRenderingContext2D} context
   */
  behind(context) {
    const { theme } = this.scene.data;
    const [hx, hy] = this.ground.halves;
    const [bx, by] = [-this.front[0] * hx, -this.front[1] * hy];
    Object.assign(context, { strokeStyle: theme.faint, lineWidth: 1, lineJoin: "round" });
    context.setLineDash([]);
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
    const tall = HEIGHT * this.view.scale * this.view.cosE;
    const space = (tall * (places[1] - places[0])) / (levels.length - 1); // none where there is one label
    const apart = space ? Math.ceil(14 / space) : 1;
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
    Object.assign(context, { strokeStyle: theme.ink, fillStyle: theme.ink, lineWidth: 1, lineCap: "round" });
    context.setLineDash([]);
    this.side(context, 0);
    this.side(context, 1);
    this.upright(context);
  }

  /**
   * The axis of x (0) or y (1), along the nearer edge of the ground.
   * @param {CanvasRenderingContext2D} context
   * @param {number} axis
   */
  side(context, axis) {
    const { halves } = this.ground;
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
    if (length < SHORT) return;
    const out = this.outward(from, to);
    const { values, texts } = ticks(low, high, false, Math.max(1, length / 56));
    context.font = font(12);
    for (const [k, value] of values.entries()) {
      const [px, py] = at(this.ground.at(axis, value));
      // At its ends an axis meets the labels of another one.
      const end = Math.min(Math.hypot(px - from[0], py - from[1]), Math.hypot(px - to[0], py - to[1]));
      if (end > 9) this.tick(context, px, py, out, texts[k]);
    }
    context.font = font(14, 600);
    write(
      context,
      this.scene.data.surface.axes[axis],
      (from[0] + to[0]) / 2 + 36 * out[0],
      (from[1] + to[1]) / 2 + 36 * out[1],
      [0, 0],
    );
  }

  /**
   * The direction on the screen that leads away from the block, at a right angle to an edge of its ground.
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
    context.globalAlpha = 0.6;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 5 * out[0], y + 5 * out[1]);
    context.stroke();
    context.globalAlpha = 1;
    write(context, text, x + 8 * out[0], y + 8 * out[1], out);
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
    if (bottom - top < SHORT / 2) return;
    context.font = font(12);
    for (const { z, text } of this.losses()) this.tick(context, px, this.point(x, y, z)[1], [-1, 0], text);
    context.font = font(14, 600);
    write(context, "loss", px, top - 12, [-1, 0]); // on the right there may be the block
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
