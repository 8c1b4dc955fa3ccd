// The paths on the block of a relief.

import { clamp } from "../numbers.js";
import { Paths } from "../paths.js";
import { projected } from "./camera.js";
import { HEIGHT } from "./mesh.js";

/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("../scene.js").Run} Run */
/** @typedef {import("../screenpath.js").Box} Box */
/** @typedef {import("../screenpath.js").Placement} Placement */
/** @typedef {import("../screenpath.js").World} World */
/** @typedef {import("./mesh.js").Heights} Heights */
/** @typedef {import("./camera.js").Projection} Projection */
/** @typedef {import("./raster.js").Raster} Raster */

/** Length in pixels of the pieces in which a long step is tested for visibility, and their largest number. */
const PIECE = 4;
const PIECES = 250;
/** A path lies on the surface: it counts as hidden only where even a point a little above it is. */
const ABOVE = 0.014 * HEIGHT;
const BIAS = 0.012;

export class ReliefPaths extends Paths {
  /**
   * The paths on the surface, which stay where they are while the camera turns.
   * @param {Scene} scene
   * @param {Heights} heights
   */
  show(scene, heights) {
    this.scene = scene;
    this.heights = heights;
    this.worlds = new Map(scene.runs.map((run) => [run, worldOf(run, heights)]));
    if (this.placement) this.lay(scene, { ...this.placement, ...this.onBlock() });
  }

  /**
   * Put them where the camera sees them.
   * @param {Projection} projection in CSS pixels
   * @param {Raster} raster of what it sees
   * @param {number} ratio the raster's pixels in a CSS pixel
   */
  place(projection, raster, ratio) {
    const rise = projection.scale * projection.cosE * ABOVE;
    const above = projection.sinE * ABOVE + BIAS;
    const { width, height } = this.canvas;
    this.lay(/** @type {Scene} */ (this.scene), {
      ...this.onBlock(),
      box: [0, 0, width, height],
      screen: (x, y, z) => projected(projection, x, y, z),
      sees: (x, y, near) => near + above >= raster.nearness(x * ratio, (y - rise) * ratio),
      pieces: (length) => clamp(Math.round(length / PIECE), 1, PIECES),
    });
  }

  /** The part of a placement that is the same for every camera. */
  onBlock() {
    const heights = /** @type {Heights} */ (this.heights);
    const [hx, hy] = heights.floor.halves;
    const edges = /** @type {Box} */ ([-hx, -hy, hx, hy]);
    return {
      area: /** @type {Box} */ (edges.map((edge) => edge + 1e-6 * Math.sign(edge))),
      lines: edges,
      rim: edges,
      world: (/** @type {Run} */ run) => /** @type {World} */ (this.worlds?.get(run)),
      at: (/** @type {number} */ x, /** @type {number} */ y) =>
        /** @type {[number, number]} */ ([heights.floor.at(0, x), heights.floor.at(1, y)]),
      height: (/** @type {number} */ x, /** @type {number} */ y) => {
        const z = heights.at(x, y);
        return Number.isFinite(z) ? z : -HEIGHT / 2;
      },
    };
  }

  /**
   * The start, as the marker of the flat view.
   * @param {Scene} scene
   * @param {Placement} placement
   */
  drawAbove({ data: { start, theme } }, placement) {
    const { context, stage } = this.canvas;
    const half = stage.sizes.start * stage.scale;
    this.mark(placement, ...start, ([x, y]) => {
      context.beginPath();
      for (const [dx, dy] of [
        [0, -half],
        [half, 0],
        [0, half],
        [-half, 0],
      ])
        context.lineTo(x + dx, y + dy);
      context.closePath();
      stage.stroke(context, theme.paper, stage.sizes.start_outline);
      Object.assign(context, { fillStyle: theme.ink, lineJoin: "miter" });
      context.fill();
      context.stroke();
    });
  }
}

/**
 * @param {Run} run
 * @param {Heights} heights
 * @returns {World}
 */
export function worldOf(run, heights) {
  const { floor } = heights;
  const x = Float64Array.from(run.x, (value) => floor.at(0, value));
  const y = Float64Array.from(run.y, (value) => floor.at(1, value));
  const [hx, hy] = floor.halves;
  const z = Float64Array.from(heights.of(run.loss), (height, k) => {
    if (!(Math.abs(x[k]) <= hx && Math.abs(y[k]) <= hy)) return Number.isFinite(height) ? height : HEIGHT / 2;
    // Triangles round off what is sharp: no path sinks into them.
    const drawn = heights.at(x[k], y[k]);
    return height >= drawn || Number.isNaN(drawn) ? height : drawn;
  });
  return { x, y, z };
}
