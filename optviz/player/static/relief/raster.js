// Triangles to pixels without WebGL, which headless browsers and old lecture-hall PCs lack: a depth buffer,
// and colours that follow from it.

import { canvas } from "../dom.js";
import { HEIGHT } from "./mesh.js";

/** @typedef {import("./mesh.js").Mesh} Mesh */
/** @typedef {import("./camera.js").Projection} Projection */
/** @typedef {import("../message.js").Theme} Theme */

/** Shades that a colour is drawn in. */
const SHADES = 64;
/** The depth of what shows nothing. */
const FAR = Number.NEGATIVE_INFINITY;
/** Its band. */
const NOTHING = 255;

/**
 * The light comes over the viewer's left shoulder, wherever the viewer stands.
 * @param {Projection} projection
 */
function light({ cosA, sinA, cosE, sinE }) {
  const [right, up, near] = [-0.5, 0.62, 0.6];
  // The horizontal direction towards the viewer is (sinA, -cosA).
  const flat = near * cosE - up * sinE;
  return [right * cosA + flat * sinA, right * sinA - flat * cosA, up * cosE + near * sinE];
}

/** An image with depth. */
export class Raster {
  width = 0;
  height = 0;
  depth = new Float32Array(0);
  shade = new Float32Array(0);
  band = new Uint8Array(0);
  /** Projected corners: three numbers each, and their shades, which are negative for walls. */
  corners = new Float32Array(0);
  shades = new Float32Array(0);
  palette = new Uint32Array(0);
  bands = 1;
  /** Left, top, right and bottom of what is not empty. */
  box = [0, 0, 0, 0];

  constructor() {
    const { element, context } = canvas();
    this.canvas = element;
    this.context = context;
    /** @type {ImageData | null} */
    this.image = null;
    this.pixels = new Uint32Array(0);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    if (width === this.width && height === this.height) return;
    Object.assign(this, { width, height });
    Object.assign(this.canvas, { width, height });
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.depth = new Float32Array(width * height);
    this.shade = new Float32Array(width * height);
    this.band = new Uint8Array(width * height);
  }

  /**
   * The colours of each band in each shade, and after them those of the lines between the bands.
   * @param {Theme} theme
   * @param {number} bands
   * @param {number} line how much lines differ from the bands on both sides: 0 not at all, 1 as black or white
   */
  paint(theme, bands, line) {
    this.bands = bands;
    this.palette = new Uint32Array(2 * bands * SHADES);
    const stops = [theme.low, theme.middle, theme.high].map(channels);
    const paper = channels(theme.paper);
    const dark = paper[0] + paper[1] + paper[2] < 384;
    for (let band = 0; band < bands; band++) {
      const flat = mixed(stops, theme.middle_at, (band + 0.5) / bands);
      for (let k = 0; k < SHADES; k++) {
        const lit = shaded(flat, k / (SHADES - 1), dark);
        const lined = lit.map((value) => value + line * ((dark ? 255 : 0) - value) * (dark ? 0.8 : 1));
        this.palette[band * SHADES + k] = packed(lit);
        this.palette[(bands + band) * SHADES + k] = packed(lined);
      }
    }
  }

  /**
   * @param {Mesh} mesh
   * @param {Projection} projection
   */
  render(mesh, projection) {
    this.depth.fill(FAR);
    this.project(mesh, projection);
    this.measure();
    const { triangles } = mesh;
    for (let k = 0; k < triangles.length; k += 3)
      this.triangle(triangles[k], triangles[k + 1], triangles[k + 2]);
    this.classify(projection);
    this.colour();
    const [left, top, right, bottom] = this.box;
    this.context.clearRect(0, 0, this.width, this.height);
    if (this.image) this.context.putImageData(this.image, 0, 0, left, top, right - left, bottom - top);
  }

  /** Which pixels the block is in, and a margin: the others need no look. */
  measure() {
    const { corners, width, height } = this;
    let [left, top, right, bottom] = [width, height, 0, 0];
    for (let k = 0; k < corners.length; k += 3) {
      const [x, y] = [corners[k], corners[k + 1]];
      if (Number.isNaN(y)) continue; // a hole
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
    this.box = [
      Math.max(Math.floor(left) - 1, 0),
      Math.max(Math.floor(top) - 1, 0),
      Math.min(Math.ceil(right) + 1, width),
      Math.min(Math.ceil(bottom) + 1, height),
    ];
  }

  /**
   * @param {Mesh} mesh
   * @param {Projection} projection
   */
  project({ x, y, z, normals, own }, projection) {
    const { scale, cx, cy, cosA, sinA, cosE, sinE } = projection;
    const [lx, ly, lz] = light(projection);
    if (this.shades.length !== x.length) {
      this.corners = new Float32Array(3 * x.length);
      this.shades = new Float32Array(x.length);
    }
    const { corners, shades } = this;
    for (let k = 0; k < x.length; k++) {
      const back = cosA * y[k] - sinA * x[k];
      corners[3 * k] = cx + scale * (cosA * x[k] + sinA * y[k]);
      corners[3 * k + 1] = cy - scale * (cosE * z[k] + sinE * back);
      corners[3 * k + 2] = sinE * z[k] - cosE * back;
      const lit = normals[3 * k] * lx + normals[3 * k + 1] * ly + normals[3 * k + 2] * lz;
      const shade = (0.5 + 0.5 * lit) * (SHADES - 1);
      shades[k] = k < own ? shade : -1 - shade;
    }
  }

  /**
   * One triangle, counter-clockwise, row by row: depth and shade are linear on the screen.
   * @param {number} a
   * @param {number} b
   * @param {number} c
   */
  triangle(a, b, c) {
    const { corners, shades, width, height, depth, shade } = this;
    // From the top down; an odd number of swaps turns the triangle over.
    let turned = false;
    if (corners[3 * a + 1] > corners[3 * b + 1]) {
      [a, b] = [b, a];
      turned = !turned;
    }
    if (corners[3 * b + 1] > corners[3 * c + 1]) {
      [b, c] = [c, b];
      turned = !turned;
    }
    if (corners[3 * a + 1] > corners[3 * b + 1]) {
      [a, b] = [b, a];
      turned = !turned;
    }
    const y0 = corners[3 * a + 1];
    const y2 = corners[3 * c + 1];
    const first = Math.max(Math.ceil(y0 - 0.5), 0);
    const last = Math.min(Math.ceil(y2 - 0.5), height);
    if (first >= last) return;
    const x0 = corners[3 * a];
    const x1 = corners[3 * b];
    const y1 = corners[3 * b + 1];
    const x2 = corners[3 * c];
    const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
    // What is turned away is behind something that is not: the block is closed.
    if (turned ? area < 1e-9 : area > -1e-9) return;
    const d0 = corners[3 * a + 2];
    const d1 = (corners[3 * b + 2] - d0) / area;
    const d2 = (corners[3 * c + 2] - d0) / area;
    const s0 = shades[a];
    const s1 = (shades[b] - s0) / area;
    const s2 = (shades[c] - s0) / area;
    const dx = d1 * (y2 - y0) - d2 * (y1 - y0);
    const dy = d2 * (x1 - x0) - d1 * (x2 - x0);
    const sx = s1 * (y2 - y0) - s2 * (y1 - y0);
    const sy = s2 * (x1 - x0) - s1 * (x2 - x0);
    const long = (x2 - x0) / (y2 - y0);
    const upper = y1 > y0 ? (x1 - x0) / (y1 - y0) : 0;
    const lower = y2 > y1 ? (x2 - x1) / (y2 - y1) : 0;
    for (let row = first; row < last; row++) {
      const y = row + 0.5;
      const longX = x0 + long * (y - y0);
      const shortX = y < y1 ? x0 + upper * (y - y0) : x1 + lower * (y - y1);
      const from = Math.max(Math.ceil(Math.min(longX, shortX) - 0.5), 0);
      const to = Math.min(Math.ceil(Math.max(longX, shortX) - 0.5), width);
      if (from >= to) continue;
      const end = row * width + to;
      let d = d0 + dx * (from + 0.5 - x0) + dy * (y - y0);
      let s = s0 + sx * (from + 0.5 - x0) + sy * (y - y0);
      for (let k = row * width + from; k < end; k++) {
        if (d > depth[k]) {
          depth[k] = d;
          shade[k] = s;
        }
        d += dx;
        s += sx;
      }
    }
  }

  /**
   * The band of each pixel: with its row, its depth says how high the place is that it shows.
   * @param {Projection} projection
   */
  classify({ scale, cy, cosE, sinE }) {
    const { width, depth, band, bands } = this;
    const [left, top, right, bottom] = this.box;
    const up = (bands * sinE) / HEIGHT;
    for (let row = top; row < bottom; row++) {
      // A plateau may lie exactly on a level: a little higher, it is one band and not both in turns.
      const base = bands * (0.5 + (cosE * (cy - row - 0.5)) / scale / HEIGHT) + 1e-3;
      for (let k = row * width + left; k < row * width + right; k++) {
        const place = base + up * depth[k];
        band[k] = place > 0 ? Math.min(place, bands - 1) : depth[k] === FAR ? NOTHING : 0;
      }
    }
  }

  /** The colour of each pixel: of a line where its band is another one than its neighbour's. */
  colour() {
    const { width, band, shade, pixels, palette, bands } = this;
    const [left, top, right, bottom] = this.box;
    for (let row = top; row < bottom; row++) {
      const end = row * width + right;
      const above = row > top ? width : 0;
      const below = row < bottom - 1 ? width : 0;
      for (let k = row * width + left; k < end; k++) {
        const here = band[k];
        if (here === NOTHING) {
          pixels[k] = 0;
          continue;
        }
        const lit = shade[k];
        const beside = band[k + 1 < end ? k + 1 : k];
        const under = band[k + below];
        // Walls have no contour lines, but whatever ends at the background has an outline.
        const lined =
          (lit >= 0 && (beside !== here || under !== here)) ||
          beside === NOTHING ||
          under === NOTHING ||
          band[k - above] === NOTHING ||
          band[k > 0 ? k - 1 : k] === NOTHING;
        const tone = (lit < 0 ? -1 - lit : lit) & (SHADES - 1);
        pixels[k] = palette[(lined ? bands + here : here) * SHADES + tone];
      }
    }
  }

  /**
   * How near the surface is at a pixel; minus infinity where there is none.
   * @param {number} x
   * @param {number} y
   */
  nearness(x, y) {
    if (!(x >= 0 && x < this.width && y >= 0 && y < this.height)) return FAR;
    return this.depth[Math.floor(y) * this.width + Math.floor(x)];
  }
}

/** @param {string} color "#rrggbb" */
function channels(color) {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
}

/**
 * The colour scale of the contours.
 * @param {number[][]} stops
 * @param {number} at where the middle one stands
 * @param {number} part
 */
function mixed([low, middle, high], at, part) {
  const [from, to, share] = part < at ? [low, middle, part / at] : [middle, high, (part - at) / (1 - at)];
  return from.map((value, channel) => value + share * (to[channel] - value));
}

/**
 * @param {number[]} color
 * @param {number} lit from 0, turned away from the light, to 1
 * @param {boolean} dark whether the page is
 */
function shaded(color, lit, dark) {
  if (!dark) return color.map((value) => Math.min(value * (0.62 + 0.44 * lit), 255));
  return color.map((value, channel) => value * (0.62 + 0.58 * lit) + [9, 12, 19][channel] * lit);
}

/** @param {number[]} color */
function packed([red, green, blue]) {
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}
