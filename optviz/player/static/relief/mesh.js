// The surface as a block: triangles of a height field, and of the walls that stand around it.

import { places } from "../contour.js";
import { equalUnits, shapeOf } from "../frame.js";
import { clamp } from "../numbers.js";

/** @typedef {import("../scene.js").Scene} Scene */

/** The block's height; the longer side of its floor is 2. */
export const HEIGHT = 0.8;

/**
 * The floor, which lies around 0: its half sides, and where a value of x (axis 0) or y (1) is on it. Values
 * are measured from the domain's lower end, not from 0, which may be a billion widths away.
 * @typedef {{ halves: [number, number], at: (axis: number, value: number) => number }} Floor
 */

/**
 * `normals` has three numbers for each corner, `triangles` three corners each. The first `own` corners are
 * the surface's, the others the walls'.
 * @typedef {{
 *   x: Float32Array, y: Float32Array, z: Float32Array, normals: Float32Array, triangles: Uint32Array,
 *   own: number,
 * }} Mesh
 */

/**
 * @param {Scene} scene
 * @returns {Floor}
 */
export function floorOf(scene) {
  const { domain } = scene.data.surface;
  const [width, depth] = domain.map(([low, high]) => high - low);
  const ratio = equalUnits(scene) ? depth / width : shapeOf(scene);
  const halves = /** @type {[number, number]} */ ([Math.min(1, 1 / ratio), Math.min(1, ratio)]);
  const at = (/** @type {number} */ axis, /** @type {number} */ value) => {
    const [low, high] = domain[axis];
    return halves[axis] * ((2 * (value - low)) / (high - low) - 1);
  };
  return { halves, at };
}

/** The heights of a scene's surface: a loss's place among the levels, from the block's bottom to its top. */
export class Heights {
  /** @param {Scene} scene */
  constructor(scene) {
    const { size, levels } = scene.data.surface;
    this.nx = size[0];
    this.ny = size[1];
    this.levels = levels;
    this.floor = floorOf(scene);
    this.z = this.of(scene.losses);
  }

  /**
   * What is no number has no height, and infinity is above everything, as in the flat view.
   * @param {import("../scene.js").Numbers} losses
   */
  of(losses) {
    const scale = HEIGHT / (this.levels.length - 1);
    return places(losses, this.levels).map((place) => place * scale - HEIGHT / 2);
  }

  /**
   * The height of the drawn surface: of its triangles, which are not quite the formula's.
   * @param {number} x on the floor
   * @param {number} y
   */
  at(x, y) {
    const { nx, ny, z } = this;
    const [hx, hy] = this.floor.halves;
    const u = clamp(((x + hx) / (2 * hx)) * (nx - 1), 0, nx - 1);
    const v = clamp(((y + hy) / (2 * hy)) * (ny - 1), 0, ny - 1);
    const i = Math.min(Math.floor(u), nx - 2);
    const j = Math.min(Math.floor(v), ny - 2);
    const [s, t, k] = [u - i, v - j, j * nx + i];
    const [a, b, c, d] = [z[k], z[k + 1], z[k + nx], z[k + nx + 1]];
    // A cell is cut from (0, 1) to (1, 0), as in `cells`.
    return s + t <= 1 ? a + s * (b - a) + t * (c - a) : d + (1 - s) * (c - d) + (1 - t) * (b - d);
  }

  /**
   * The triangles, of every grid point or of every `stride`-th.
   * @param {number} stride
   * @returns {Mesh}
   */
  mesh(stride) {
    const columns = every(this.nx, stride);
    const rows = every(this.ny, stride);
    const [nx, ny] = [columns.length, rows.length];
    const count = nx * ny + 4 * (nx + ny);
    const x = new Float32Array(count);
    const y = new Float32Array(count);
    const z = new Float32Array(count);
    const [hx, hy] = this.floor.halves;
    for (let j = 0; j < ny; j++) {
      for (let i = 0; i < nx; i++) {
        const k = j * nx + i;
        x[k] = -hx + (2 * hx * columns[i]) / (this.nx - 1);
        y[k] = -hy + (2 * hy * rows[j]) / (this.ny - 1);
        z[k] = this.z[rows[j] * this.nx + columns[i]];
      }
    }
    const normals = new Float32Array(3 * count);
    slopes(x, y, z, nx, ny, normals);
    const triangles = cells(z, nx, ny);
    walls({ x, y, z, normals }, nx, ny, triangles);
    return { x, y, z, normals, triangles: Uint32Array.from(triangles), own: nx * ny };
  }
}

/**
 * Every `stride`-th number below `count`, and the last one.
 * @param {number} count
 * @param {number} stride
 */
function every(count, stride) {
  const picked = [];
  for (let k = 0; k < count - 1; k += stride) picked.push(k);
  return [...picked, count - 1];
}

/**
 * The unit normals of the surface, from the differences between neighbours.
 * @param {Float32Array} x
 * @param {Float32Array} y
 * @param {Float32Array} z
 * @param {number} nx
 * @param {number} ny
 * @param {Float32Array} normals
 */
function slopes(x, y, z, nx, ny, normals) {
  for (let j = 0; j < ny; j++) {
    for (let i = 0; i < nx; i++) {
      const k = j * nx + i;
      const [west, east] = [i ? k - 1 : k, i < nx - 1 ? k + 1 : k];
      const [south, north] = [j ? k - nx : k, j < ny - 1 ? k + nx : k];
      const a = (z[east] - z[west]) / (x[east] - x[west]) || 0; // beside a hole: as if it were level
      const b = (z[north] - z[south]) / (y[north] - y[south]) || 0;
      const length = Math.hypot(a, b, 1);
      normals[3 * k] = -a / length;
      normals[3 * k + 1] = -b / length;
      normals[3 * k + 2] = 1 / length;
    }
  }
}

/**
 * Two triangles for each cell of the grid; none at a hole.
 * @param {Float32Array} z
 * @param {number} nx
 * @param {number} ny
 */
function cells(z, nx, ny) {
  const triangles = [];
  for (let j = 0; j < ny - 1; j++) {
    for (let i = 0; i < nx - 1; i++) {
      const a = j * nx + i;
      const [b, c, d] = [a + 1, a + nx, a + nx + 1];
      const middle = z[b] + z[c];
      if (Number.isFinite(middle + z[a])) triangles.push(a, b, c);
      if (Number.isFinite(middle + z[d])) triangles.push(b, d, c);
    }
  }
  return triangles;
}

/**
 * The four sides, from the surface's edge down to the bottom: they are cut like a cake, and nobody sees the
 * surface from below.
 * @param {{ x: Float32Array, y: Float32Array, z: Float32Array, normals: Float32Array }} mesh
 * @param {number} nx
 * @param {number} ny
 * @param {number[]} triangles
 */
function walls({ x, y, z, normals }, nx, ny, triangles) {
  let next = nx * ny;
  const sides = [
    { count: nx, first: 0, by: 1, normal: [0, -1, 0], turned: 1 },
    { count: nx, first: (ny - 1) * nx, by: 1, normal: [0, 1, 0], turned: 0 },
    { count: ny, first: 0, by: nx, normal: [-1, 0, 0], turned: 0 },
    { count: ny, first: nx - 1, by: nx, normal: [1, 0, 0], turned: 1 },
  ];
  for (const { count, first, by, normal, turned } of sides) {
    for (let k = 0; k < count; k++, next += 2) {
      const edge = first + k * by;
      for (const corner of [next, next + 1]) {
        x[corner] = x[edge];
        y[corner] = y[edge];
        normals.set(normal, 3 * corner);
      }
      z[next] = z[edge];
      z[next + 1] = -HEIGHT / 2;
      if (!k || !Number.isFinite(z[next] + z[next - 2])) continue;
      // Counter-clockwise from outside.
      const [left, right] = turned ? [next - 2, next] : [next, next - 2];
      triangles.push(left, left + 1, right, right, left + 1, right + 1);
    }
  }
}
