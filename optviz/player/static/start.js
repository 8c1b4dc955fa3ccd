// The start: a marker to drag, or to move with the arrow keys; a click anywhere moves it, too.

import { appended, element } from "./dom.js";
import { inUnits, onScreen } from "./frame.js";
import { clamp } from "./numbers.js";

/** @typedef {import("./frame.js").Frame} Frame */

/** Milliseconds without another arrow key before the new start is sent. */
const PAUSE = 350;

export class StartMarker {
  /**
   * @param {HTMLElement} picture
   * @param {(start: [number, number]) => void} send
   */
  constructor(picture, send) {
    this.send = send;
    /** @type {[number, number]} */
    this.point = [0, 0];
    /** @type {[number, number]} */
    this.landed = [0, 0];
    /** Whether it stays where it is: a network starts at the weights of its seed. */
    this.fixed = false;
    /** Whether it has been moved and the new paths are still on their way. */
    this.moved = false;
    /** @type {Frame | null} */
    this.frame = null;
    this.timer = 0;
    this.handle = appended(picture, "button", "optviz-start", element("span"));
    this.handle.type = "button";
    this.handle.addEventListener("pointerdown", (event) => this.grab(event));
    this.handle.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {EventTarget | null} target */
  has(target) {
    return target instanceof Node && this.handle.contains(target);
  }

  /**
   * The server has answered with this start.
   * @param {[number, number]} point
   */
  land(point) {
    this.landed = [...point];
    if (this.dragging || this.timer) return; // the visitor is already somewhere else
    this.point = [...point];
    this.moved = false;
    this.show();
  }

  /**
   * @param {Frame} frame
   * @param {import("./canvas.js").Stage} stage
   */
  place(frame, { theme, sizes, scale }) {
    this.frame = frame;
    const outline = sizes.start_outline * scale;
    const look = {
      "--ink": theme.ink,
      "--paper": theme.paper,
      "--outline": `${outline}px`,
      "--side": `${Math.SQRT2 * sizes.start * scale + outline}px`,
    };
    for (const [name, value] of Object.entries(look)) this.handle.style.setProperty(name, value);
    this.show();
  }

  /**
   * Move the start to a place on the screen, for good.
   * @param {Frame} frame
   * @param {number} px
   * @param {number} py
   */
  moveTo(frame, px, py) {
    if (this.fixed) return;
    const [left, top, right, bottom] = frame.box;
    if (px < left || px > right || py < top || py > bottom) return;
    this.point = pointAt(frame, px, py);
    this.commit();
  }

  commit() {
    const [x, y] = this.point;
    this.moved = x !== this.landed[0] || y !== this.landed[1]; // else there is nothing to wait for
    this.show();
    if (this.moved) this.send([x, y]);
  }

  show() {
    if (!this.frame) return;
    const [x, y] = onScreen(this.frame, ...this.point);
    const [left, top, right, bottom] = this.frame.box;
    this.handle.hidden = !(x >= left - 1 && x <= right + 1 && y >= top - 1 && y <= bottom + 1);
    this.handle.style.transform = `translate(${x}px, ${y}px)`;
    this.handle.disabled = this.fixed;
    if (this.fixed) {
      this.handle.title = "The weights that torch draws by the seed";
      this.handle.setAttribute("aria-label", `Start: ${this.handle.title}`);
      return;
    }
    const words = `Start, x ${this.point[0]}, y ${this.point[1]}: drag it, or move it with the arrow keys`;
    this.handle.setAttribute("aria-label", words);
    this.handle.title = "Drag the start, or click anywhere in the picture";
  }

  /** @param {PointerEvent} event */
  grab(event) {
    if (event.button !== 0 || !this.frame || this.fixed) return;
    event.preventDefault(); // plotly must not zoom, and nothing be selected
    event.stopPropagation();
    this.handle.focus();
    this.handle.setPointerCapture(event.pointerId);
    this.dragging = true;
    let far = false;
    const [fromX, fromY] = [event.clientX, event.clientY];
    const moves = new AbortController();
    const { signal } = moves;
    this.handle.addEventListener(
      "pointermove",
      (move) => {
        far ||= Math.hypot(move.clientX - fromX, move.clientY - fromY) > 3;
        if (far) this.follow(move);
      },
      { signal },
    );
    const end = () => {
      moves.abort();
      this.dragging = false;
      if (far) this.commit();
    };
    this.handle.addEventListener("pointerup", end, { signal });
    this.handle.addEventListener("pointercancel", end, { signal });
  }

  /** @param {PointerEvent} event */
  follow(event) {
    const frame = /** @type {Frame} */ (this.frame);
    const bounds = /** @type {HTMLElement} */ (this.handle.parentElement).getBoundingClientRect();
    const [left, top, right, bottom] = frame.box;
    const px = clamp(event.clientX - bounds.left, left, right);
    const py = clamp(event.clientY - bounds.top, top, bottom);
    this.point = pointAt(frame, px, py);
    this.show();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const moves = /** @type {Record<string, [number, number]>} */ ({
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, 1],
      ArrowDown: [0, -1],
    });
    const move = moves[event.key];
    if (!move || !this.frame || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const pixels = 4;
    const scale = [pixels / this.frame.dx, pixels / -this.frame.dy];
    this.point = [
      rounded(this.point[0] + move[0] * scale[0], this.frame.dx),
      rounded(this.point[1] + move[1] * scale[1], this.frame.dy),
    ];
    this.moved = true;
    this.show();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = 0;
      this.commit();
    }, PAUSE);
  }
}

/**
 * The point that is at a place on the screen.
 * @param {Frame} frame
 * @param {number} px
 * @param {number} py
 * @returns {[number, number]}
 */
function pointAt(frame, px, py) {
  const [x, y] = inUnits(frame, px, py);
  return [rounded(x, frame.dx), rounded(y, frame.dy)];
}

/**
 * As many digits as half a pixel needs, so that addresses stay short: at most a quarter of one is lost.
 * @param {number} value
 * @param {number} scale pixels a unit
 */
function rounded(value, scale) {
  const digits = clamp(Math.ceil(Math.log10(2 * Math.abs(scale))), 0, 20);
  return Number(value.toFixed(digits));
}
