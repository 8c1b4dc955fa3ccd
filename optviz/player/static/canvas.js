// How things are drawn on a canvas.

import { canvas } from "./dom.js";
import { clamp } from "./numbers.js";

/** @typedef {import("./message.js").Theme} Theme */
/** @typedef {import("./message.js").Sizes} Sizes */

/**
 * What a player draws with. All of it grows with the type, which is larger on the full screen: `scale` says how
 * many times it is as large as usual.
 */
export class Stage {
  family = "sans-serif";
  scale = 1;
  theme = /** @type {Theme} */ ({});
  sizes = /** @type {Sizes} */ ({});
  /** Names that have been drawn, the oldest first: most are the same in the next frame. @type {Map<string, HiDpiCanvas>} */
  labels = new Map();

  /** @param {Element} element whose font is drawn with */
  constructor(element) {
    this.element = element;
  }

  /** @param {import("./scene.js").Scene} scene that is drawn from now on */
  show({ data }) {
    this.theme = data.theme;
    this.sizes = data.sizes;
    this.measure();
  }

  /** The type may have changed. */
  measure() {
    const { fontFamily, fontSize } = getComputedStyle(this.element);
    this.family = fontFamily;
    this.scale = Number.parseFloat(fontSize) / 16 || 1;
  }

  /**
   * @param {number} pixels in type of the usual size
   * @param {number} weight
   */
  font(pixels, weight = 400) {
    return `${weight} ${pixels * this.scale}px ${this.family}`;
  }

  /**
   * Draw lines of this colour and width from now on.
   * @param {CanvasRenderingContext2D} context
   * @param {string} color
   * @param {number} width in type of the usual size
   * @param {number[]} dash lengths drawn and left out in turns, in widths
   */
  stroke(context, color, width, dash = []) {
    Object.assign(context, { strokeStyle: color, lineWidth: width * this.scale });
    context.setLineDash(dash.map((length) => length * width * this.scale));
  }
}

/** A canvas that is sharp on any screen and knows its size in CSS pixels. */
export class HiDpiCanvas {
  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const { element, context } = canvas();
    this.element = element;
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

/**
 * A star, the mark of a minimizer.
 * @param {HiDpiCanvas} canvas
 * @param {number} x
 * @param {number} y
 */
export function star({ context, stage }, x, y) {
  const { scale, theme, sizes } = stage;
  context.beginPath();
  for (let k = 0; k < 10; k++) {
    const radius = (k % 2 ? sizes.star_notch : sizes.star) * scale;
    const angle = (k * Math.PI) / 5 - Math.PI / 2;
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  stage.stroke(context, theme.gold_edge, sizes.star_outline);
  context.fillStyle = theme.gold;
  context.fill();
  context.stroke();
}

/**
 * The head of a path: a circle, or a triangle that points along `angle`.
 * @param {HiDpiCanvas} canvas
 * @param {number} x
 * @param {number} y
 * @param {string} color
 * @param {number | null} angle in radians, clockwise from the right
 * @param {number} radius of a circle
 */
export function head({ context, stage }, x, y, color, angle = null, radius = stage.sizes.head) {
  const { scale, theme, sizes } = stage;
  context.beginPath();
  if (angle === null) context.arc(x, y, radius * scale, 0, 2 * Math.PI);
  else {
    for (const [along, across] of [
      [8.5, 0],
      [-5.5, 6.5],
      [-5.5, -6.5],
    ]) {
      context.lineTo(
        x + scale * (along * Math.cos(angle) - across * Math.sin(angle)),
        y + scale * (along * Math.sin(angle) + across * Math.cos(angle)),
      );
    }
    context.closePath();
  }
  stage.stroke(context, theme.halo, sizes.head_outline);
  Object.assign(context, { fillStyle: color, lineJoin: "round" });
  context.stroke();
  context.fill();
}

/**
 * A cross, where a run has diverged.
 * @param {HiDpiCanvas} canvas
 * @param {number} x
 * @param {number} y
 * @param {string} color
 */
export function cross({ context, stage }, x, y, color) {
  const half = 6 * stage.scale;
  context.lineCap = "round";
  for (const [style, width] of /** @type {[string, number][]} */ ([
    [stage.theme.halo, 7],
    [color, 3.5],
  ])) {
    stage.stroke(context, style, width);
    context.beginPath();
    context.moveTo(x - half, y - half);
    context.lineTo(x + half, y + half);
    context.moveTo(x + half, y - half);
    context.lineTo(x - half, y + half);
    context.stroke();
  }
  context.lineCap = "butt";
}

/**
 * A few words on a plate, inside the box `[left, top, right, bottom]`.
 * @param {HiDpiCanvas} canvas
 * @param {string} words
 * @param {number} x
 * @param {number} y
 * @param {[number, number, number, number]} box
 * @param {string} color
 */
export function badge({ context, stage }, words, x, y, box, color) {
  const { scale, theme } = stage;
  context.font = stage.font(12, 600);
  const width = context.measureText(words).width + 14 * scale;
  const left = clamp(x - width / 2, box[0] + 2, box[2] - width - 2);
  const height = 20 * scale;
  const apart = 14 * scale;
  const top = y - height - apart > box[1] ? y - height - apart : y + apart;
  context.beginPath();
  context.roundRect(left, top, width, height, 5 * scale);
  stage.stroke(context, color, 1.5);
  context.fillStyle = theme.paper;
  context.fill();
  context.stroke();
  Object.assign(context, { fillStyle: theme.ink, textAlign: "left", textBaseline: "middle" });
  context.fillText(words, left + 7 * scale, top + 0.525 * height);
}
