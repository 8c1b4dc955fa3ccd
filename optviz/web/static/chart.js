// A figure of many runs: plotly draws it, and its cells can be chosen with a click or with the keyboard.

import { appended } from "../optviz.player/dom.js";
import { mounted } from "../optviz.player/mounted.js";
import { clamp } from "../optviz.player/numbers.js";
import { Plot } from "../optviz.player/plot.js";
import { SchemeWatcher } from "../optviz.player/scheme.js";
import { placed } from "../optviz.player/ticks.js";
import { numbersOf } from "./arrays.js";

/** @typedef {import("./message.js").Cells} Cells */
/** @typedef {import("./message.js").ChartMessage} Data */
/** @typedef {import("../optviz.player/plotly_internals.js").Axis} Axis */
/**
 * What the cells say, row by row: a number each, or that of their class. A class has words before a step, and
 * others where there is none.
 * @typedef {{ numbers: ArrayLike<number> }} Numbers
 * @typedef {{ classes: ArrayLike<number>, steps: ArrayLike<number>, sayings: [string, string][] }} Endings
 */

/** Pixels between a press and a release that still are a click. */
const STILL = 4;
const CONFIG = { displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };

class Chart {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    root.className = "optviz-figure";
    this.title = appended(root, "h2");
    this.holder = appended(root, "div", "optviz-plot");
    this.words = appended(root, "output", "optviz-cell");
    this.plot = new Plot(this.holder);
    /** @type {Cells | null} */
    this.cells = null;
    /** @type {Numbers | Endings} */
    this.said = { numbers: [] };
    /** @type {[number, number] | null} */
    this.cursor = null;
    /** @type {[number, number]} */
    this.pressed = [0, 0];
    this.inside = false;
    this.open = (/** @type {number[]} */ _cell) => {};
    /** @type {Data | null} */
    this.data = null;
    /** Figures that were sent: a zoom stays as long as it is the same one. */
    this.sent = 0;
    this.watcher = new SchemeWatcher(root, () => this.draw());
    this.resizes = new ResizeObserver(() => this.fit());
    this.resizes.observe(this.holder);
    this.ends = new AbortController();
    this.listen();
  }

  listen() {
    const { holder } = this;
    const { signal } = this.ends;
    holder.addEventListener("pointerdown", (event) => {
      this.pressed = [event.clientX, event.clientY];
      this.inside = true;
    });
    // On the document: plotly covers all of it while a button is down.
    document.addEventListener("pointerup", (event) => this.release(event), { signal });
    holder.addEventListener("pointermove", (event) => this.point(this.cellAt(event)));
    holder.addEventListener("pointerleave", () => this.point(this.cursor));
    holder.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (!this.inside) return;
    this.inside = false;
    const moved = Math.hypot(event.clientX - this.pressed[0], event.clientY - this.pressed[1]);
    const cell = event.button === 0 && moved <= STILL ? this.cellAt(event) : null;
    if (cell) this.open(cell);
  }

  /** @param {Data} data */
  show(data) {
    this.data = data;
    this.sent += 1;
    this.cells = data.cells;
    if (data.cells) this.said = saidOf(data.figure.data[0]);
    this.cursor = null;
    this.words.textContent = data.cells
      ? "Click a cell to open its run in the playground, or move with the arrow keys and press Enter."
      : "";
    this.holder.tabIndex = data.cells ? 0 : -1;
    this.holder.setAttribute("role", data.cells ? "application" : "group");
    this.holder.setAttribute("aria-label", data.title);
    this.title.textContent = data.title;
    return this.draw();
  }

  /** Draw the figure in the colours of the page. */
  async draw() {
    if (!this.data) return;
    const { figure, dark, cells, plotly: version } = this.data;
    if (!(await this.plot.ready(version))) return; // meanwhile it was closed
    const { data: traces, layout } = structuredClone(figure);
    if (this.watcher.scheme === "dark")
      for (const [keys, value] of dark) put({ data: traces, layout }, keys, value);
    await this.plot.react(traces, { ...layout, uirevision: this.sent }, CONFIG);
    this.holder.classList.toggle("optviz-choosable", Boolean(cells));
    if (this.cursor) await this.mark();
  }

  fit() {
    if (this.plot.drawn && this.holder.offsetParent) this.plot.fit();
  }

  /** @param {PointerEvent} event @returns {[number, number] | null} column and row under the pointer */
  cellAt(event) {
    const { axes } = this.plot;
    if (!this.cells || !axes) return null;
    const [xaxis, yaxis] = axes;
    const box = this.holder.getBoundingClientRect();
    const x = event.clientX - box.left - xaxis.start;
    const y = event.clientY - box.top - yaxis.start;
    if (x < 0 || x > xaxis.length || y < 0 || y > yaxis.length) return null;
    return [nearest(this.cells.x, x, xaxis), nearest(this.cells.y, y, yaxis)];
  }

  /** Say what a cell is. @param {[number, number] | null} cell */
  point(cell) {
    if (cell && this.cells) this.words.textContent = this.tell(cell);
  }

  /** @param {[number, number]} cell */
  tell([column, row]) {
    const { x, y, axes } = /** @type {Cells} */ (this.cells);
    const place = `${axes[0]} ${label(x, column)}, ${axes[1]} ${label(y, row)}`;
    const words = wordsOf(this.said, row * x.length + column);
    return words ? `${place}: ${words}` : place;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.cells) return;
    const [columns, rows] = [this.cells.x.length, this.cells.y.length];
    const [column, row] = this.cursor ?? [Math.floor(columns / 2), Math.floor(rows / 2)];
    if (event.key === "Enter") {
      this.open([column, row]);
      return;
    }
    const far = event.shiftKey ? 10 : 1;
    const moves = /** @type {Record<string, [number, number]>} */ ({
      ArrowLeft: [-far, 0],
      ArrowRight: [far, 0],
      ArrowUp: [0, far],
      ArrowDown: [0, -far],
    });
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const start = this.cursor ? move : [0, 0];
    this.cursor = [clamp(column + start[0], 0, columns - 1), clamp(row + start[1], 0, rows - 1)];
    this.mark();
    this.point(this.cursor);
  }

  /** Ring the cell that the keyboard is at. */
  async mark() {
    const { x, y } = /** @type {Cells} */ (this.cells);
    const [column, row] = /** @type {[number, number]} */ (this.cursor);
    const ink = getComputedStyle(this.holder).color;
    const ring = { type: "circle", xsizemode: "pixel", ysizemode: "pixel", x0: -7, x1: 7, y0: -7, y1: 7 };
    const shape = { ...ring, xanchor: x[column], yanchor: y[row], line: { color: ink, width: 2 } };
    await this.plot.relayout({ shapes: [shape] });
  }

  remove() {
    this.ends.abort();
    this.resizes.disconnect();
    this.plot.purge();
    this.root.replaceChildren();
  }
}

/**
 * @param {any} tree
 * @param {(string | number)[]} keys that lead to a place in it
 * @param {any} value what comes there
 */
function put(tree, keys, value) {
  const last = keys.length - 1;
  const branch = keys.slice(0, last).reduce((place, key) => place[key], tree);
  branch[keys[last]] = value;
}

/**
 * What the cells of a map say: numbers where it draws numbers.
 * @param {any} trace
 * @returns {Numbers | Endings}
 */
function saidOf({ z, customdata, meta }) {
  if (!meta?.classes) return { numbers: numbersOf(z) };
  return { classes: numbersOf(meta.classes), steps: numbersOf(customdata), sayings: meta.sayings };
}

/**
 * What a cell says; nothing where it has not run.
 * @param {Numbers | Endings} said
 * @param {number} cell
 */
function wordsOf(said, cell) {
  if ("numbers" in said) return Number.isNaN(said.numbers[cell]) ? "no number" : number(said.numbers[cell]);
  if (said.classes[cell] < 0) return "";
  const [before, instead] = said.sayings[said.classes[cell]];
  const step = said.steps[cell];
  return step < 0 ? instead : `${before}${step.toLocaleString("en")}`;
}

/**
 * The place of the value that is drawn nearest to a pixel.
 * @param {number[]} values @param {number} pixel @param {Axis} axis
 */
function nearest(values, pixel, axis) {
  const apart = values.map((value) => Math.abs(axis.pixel(value) - pixel));
  return apart.indexOf(Math.min(...apart));
}

/**
 * A cell's place on an axis, in 4 digits or in as many as tell it from the next one.
 * @param {number[]} values
 * @param {number} place
 */
function label(values, place) {
  const value = values[place];
  const apart = Math.abs((values[place + 1] ?? values[place - 1]) - value);
  return Math.abs(value) < 1000 * apart || !apart ? number(value) : placed(value, 1 / apart, 4);
}

/** @param {number} value */
function number(value) {
  return Number(value.toPrecision(4)).toString();
}

/**
 * @param {{ data: Data, parentElement: HTMLElement, setTriggerValue: (name: string, value: any) => void }} mount
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  const [chart, leave] = mounted(parentElement, Chart);
  chart.open = (cell) => setTriggerValue("cell", cell);
  Object.assign(chart.holder, { chart }); // for the tests, and for the curious in the browser's console
  chart.show(data);
  return leave;
}
