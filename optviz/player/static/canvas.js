// How things are drawn on a canvas.

/** @typedef {import("./message.js").Theme} Theme */

// All that is drawn grows with the type, which is larger on the full screen: see `typeSize`.

/** Line widths of a path and of the halo below it, in pixels. */
export const WIDTH = 2.4;
export const HALO = 5.5;
/** The radius of a dot at a step. */
export const DOT = 2.6;
/** Points nearer than this to the last one drawn, in pixels, change nothing that can be seen. */
export const NEAR = 0.4;
/** A step this far from the ones before and after it, in pixels, has a dot: so dots side by side are steps. */
export const APART = 8;
/** Steps of a fading trail, and the share of them that fades together. */
export const TRAIL = 40;
const TRAIL_PARTS = 8;
const FAINTEST = 0.22;

/**
 * A fading trail, from its old part, which is faintest, to its head.
 * @param {number} step at which its head is
 */
export function trailOf(step) {
  const begin = Math.max(0, step - TRAIL);
  const parts = Array.from({ length: TRAIL_PARTS }, (_, part) => ({
    from: begin + ((step - begin) * part) / TRAIL_PARTS,
    to: begin + ((step - begin) * (part + 1)) / TRAIL_PARTS,
    alpha: FAINTEST + ((1 - FAINTEST) * (part + 1)) / TRAIL_PARTS,
  }));
  return [{ from: 0, to: begin, alpha: FAINTEST }, ...parts];
}

/** A canvas that is sharp on any screen and knows its size in CSS pixels. */
export class HiDpiCanvas {
  /** @param {HTMLCanvasElement} element */
  constructor(element = document.createElement("canvas")) {
    this.element = element;
    const context = element.getContext("2d");
    if (!context) throw new Error("This browser draws no canvas.");
    this.context = context;
    this.width = 0;
    this.height = 0;
    this.density = 1;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    const density = globalThis.devicePixelRatio || 1;
    if (width === this.width && height === this.height && density === this.density) return;
    Object.assign(this, { width, height, density });
    this.element.width = Math.round(width * density);
    this.element.height = Math.round(height * density);
    // Whole pixels of the screen: the canvas is not stretched over a fraction of one.
    const [across, down] = [this.element.width / density, this.element.height / density];
    Object.assign(this.element.style, { width: `${across}px`, height: `${down}px` });
  }

  /** Empty, in CSS pixels. */
  clear() {
    this.context.setTransform(this.density, 0, 0, this.density, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
    return this.context;
  }
}

/** Dash and gap lengths, in line widths, by plotly's names. */
const DASHES = /** @type {Record<string, number[]>} */ ({
  solid: [],
  dot: [1, 1.2],
  dash: [3, 2.4],
  longdash: [5, 3],
  dashdot: [3, 1.6, 1, 1.6],
  longdashdot: [5, 2, 1, 2],
});

/**
 * @param {string} name
 * @param {number} width
 */
export function dashes(name, width) {
  return (DASHES[name] ?? []).map((length) => length * width);
}

/**
 * A star, the mark of a minimizer.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
export function star(context, x, y) {
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = (k % 2 ? 4.6 : 10.5) * size;
    const angle = (k * Math.PI) / 5 - Math.PI / 2;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  Object.assign(context, { fillStyle: "#ffd23f", strokeStyle: "#3b2f00", lineWidth: 1.2 * size });
  context.fill();
  context.stroke();
}

/**
 * The head of a path: a circle, or a triangle that points along `angle`.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {string} color
 * @param {string} halo
 * @param {number | null} angle in radians, clockwise from the right
 * @param {number} radius of a circle
 */
export function head(context, x, y, color, halo, angle = null, radius = 5.5) {
  context.beginPath();
  if (angle === null) context.arc(x, y, radius * size, 0, 2 * Math.PI);
  else {
    for (const [along, across] of [
      [8.5, 0],
      [-5.5, 6.5],
      [-5.5, -6.5],
    ]) {
      context.lineTo(
        x + size * (along * Math.cos(angle) - across * Math.sin(angle)),
        y + size * (along * Math.sin(angle) + across * Math.cos(angle)),
      );
    }
    context.closePath();
  }
  Object.assign(context, { fillStyle: color, strokeStyle: halo, lineWidth: 2 * size, lineJoin: "round" });
  context.setLineDash([]);
  context.stroke();
  context.fill();
}

/**
 * A cross, where a run has diverged.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {string} color
 * @param {string} halo
 */
export function cross(context, x, y, color, halo) {
  context.setLineDash([]);
  for (const [style, width] of /** @type {[string, number][]} */ ([
    [halo, 7],
    [color, 3.5],
  ])) {
    context.beginPath();
    const half = 6 * size;
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x + half, y - half);
    context.lineTo(x - half, y + half);
    Object.assign(context, { strokeStyle: style, lineWidth: width * size, lineCap: "round" });
    context.stroke();
  }
  context.lineCap = "butt";
}

/**
 * A few words on a plate, inside the box `[left, top, right, bottom]`.
 * @param {CanvasRenderingContext2D} context
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {[number, number, number, number]} box
 * @param {string} color
 * @param {Theme} theme
 */
export function badge(context, words, x, y, box, color, theme) {
  context.font = font(12, 600);
  const width = context.measureText(words).width + 14 * size;
  const left = Math.min(Math.max(x - width / 2, box[0] + 2), box[2] - width - 2);
  const height = 20 * size;
  const apart = 14 * size;
  const top = y - height - apart > box[1] ? y - height - apart : y + apart;
  context.beginPath();
  context.roundRect(left, top, width, height, 5 * size);
  Object.assign(context, { fillStyle: theme.paper, strokeStyle: color, lineWidth: 1.5 * size });
  context.fill();
  context.stroke();
  Object.assign(context, { fillStyle: theme.ink, textAlign: "left", textBaseline: "middle" });
  context.fillText(words, left + 7 * size, top + 0.525 * height);
}

let family = "sans-serif";
let size = 1;

/** @param {Element} element whose font is drawn with */
export function useFontOf(element) {
  family = getComputedStyle(element).fontFamily;
  size = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
}

/** How many times larger than usual the page's type is: all that is drawn grows with it. */
export function typeSize() {
  return size;
}

/**
 * @param {number} pixels in type of the usual size
 * @param {number} weight
 */
export function font(pixels, weight = 400) {
  return `${weight} ${pixels * size}px ${family}`;
}

/**
 * The part of a line inside a box, by Liang and Barsky; null where there is none.
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {[number, number, number, number]} box left, top, right, bottom
 * @returns {[number, number, number, number] | null}
 */
export function clipped(x0, y0, x1, y1, box) {
  const dx = x1 - x0;
  const dy = y1 - y0;
  let from = 0;
  let to = 1;
  for (const [p, q] of [
    [-dx, x0 - box[0]],
    [dx, box[2] - x0],
    [-dy, y0 - box[1]],
    [dy, box[3] - y0],
  ]) {
    if (p === 0) {
      if (q < 0) return null;
    } else if (p < 0) from = Math.max(from, q / p);
    else to = Math.min(to, q / p);
  }
  return from <= to ? [x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy] : null;
}
