// Loss, gradient and learning rate against steps or evaluations: drawn whole and pale, in full to the playhead.

import { HiDpiCanvas, head } from "./canvas.js";
import { clamp } from "./numbers.js";
import { endOf, stepAt } from "./scene.js";
import { excursions, scaled, span } from "./span.js";
import { single, ticks } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */

const MARGIN = { left: 58, right: 14, top: 26, bottom: 22 };
const BELOW = 42; // the last chart says what the axis is
/** Pixels that a line may lead beyond its chart: a canvas cannot draw to any number. */
const FAR = 1e5;
/** Where a curve leaves its chart: half the width of an arrow, and how near to the last one none is drawn. */
const ARROW = 5;
const APART = 7;

/**
 * One chart: for each run the numbers it draws, on a linear or a log axis.
 * @typedef {{ title: string, log: boolean, values: import("./scene.js").Numbers[], low: number, high: number, line?: number }} Chart
 *   `line` is a value that is drawn across
 */

/**
 * The charts of how stable the steps are; none before the server has sent it.
 * @param {Scene} scene
 * @returns {Chart[]}
 */
function stabilityCharts({ runs }) {
  const known = runs.flatMap((run) => run.stability ?? []);
  if (!known.length || known.length < runs.length) return [];
  const limit = "sharpness ÷ stability limit";
  const shares = chart(limit, true, runs, (_, k) => known[k].share);
  const low = Math.min(shares.low, -0.5);
  return [
    { ...shares, low, high: Math.max(shares.high, 0.5), line: 1 },
    chart("largest curvature λ", true, runs, (_, k) => known[k].curvature),
  ];
}

/**
 * The charts of a scene: the learning rate only where it changes.
 * @param {Scene} scene
 * @returns {Chart[]}
 */
export function chartsOf(scene) {
  const { runs } = scene;
  const { minimum } = scene.data.surface;
  const log = minimum !== null && scene.data.view.scale !== "linear";
  const charts = [
    chart(log && minimum !== 0 ? "loss above the minimum" : "loss", log, runs, (run) =>
      log ? run.excess : run.loss,
    ),
    chart("gradient norm", true, runs, (run) => run.gradient),
  ];
  if (scene.data.view.beside === "stability") return [charts[0], ...stabilityCharts(scene)];
  if (runs.some(({ rate }) => rate.moves)) {
    const rates = runs.flatMap((run) => Array.from(run.lr.subarray(1)).filter((rate) => rate > 0));
    const wide =
      rates.reduce((a, b) => Math.max(a, b), 0) > 20 * rates.reduce((a, b) => Math.min(a, b), Infinity);
    const rate = chart("learning rate", wide, runs, (run) => run.lr);
    charts.push(wide ? rate : { ...rate, low: Math.min(rate.low, 0) });
  }
  return charts;
}

/**
 * @param {string} title
 * @param {boolean} log
 * @param {Run[]} runs
 * @param {(run: Run, place: number) => import("./scene.js").Numbers} of what is drawn of a run
 * @returns {Chart}
 */
function chart(title, log, runs, of) {
  const values = runs.map(of);
  const diverged = runs.map((run) => run.outcome === "diverged");
  const [low, high] = span(values, log, diverged);
  return { title, log, values, low, high };
}

/** One chart on its own canvas. */
export class Curve {
  /** @param {import("./canvas.js").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    this.canvas = new HiDpiCanvas(stage);
    this.canvas.element.className = "optviz-curve";
    this.pale = new HiDpiCanvas(stage);
    this.full = new HiDpiCanvas(stage);
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Chart | null} */
    this.chart = null;
    this.end = 1;
    this.last = false;
  }

  /**
   * Draw what does not move: the axes, and all curves, once pale and once in full.
   * @param {Scene} scene
   * @param {Chart} chart
   * @param {number} width
   * @param {number} height
   * @param {boolean} last whether the axis is named below it
   */
  place(scene, chart, width, height, last) {
    Object.assign(this, { scene, chart, last, end: endOf(scene.runs, scene.data.view.against) });
    for (const canvas of [this.canvas, this.pale, this.full]) canvas.resize(width, height);
    this.axes(this.pale.clear());
    this.lines(this.pale.context, 0.28);
    this.lines(this.full.clear(), 1);
  }

  /** Left, top, right, bottom of the box that curves are drawn in. */
  get box() {
    const { width, height } = this.canvas;
    const type = this.stage.scale;
    const bottom = type * (this.last ? BELOW : MARGIN.bottom);
    const [left, top] = [type * MARGIN.left, type * MARGIN.top];
    return [left, top, Math.max(width - type * MARGIN.right, left + 1), Math.max(height - bottom, top + 1)];
  }

  /** @param {number} position */
  x(position) {
    const [left, , right] = this.box;
    return left + ((right - left) * position) / this.end;
  }

  /**
   * Where a step of a run is along the axis.
   * @param {Run} run
   * @param {number} step
   */
  at(run, step) {
    const { against } = /** @type {Scene} */ (this.scene).data.view;
    return this.x(against === "steps" ? step : run.evals[step]);
  }

  /**
   * The position of the playhead that a place on the screen stands for.
   * @param {number} px
   */
  position(px) {
    const [left, , right] = this.box;
    return Math.round(clamp((px - left) / (right - left), 0, 1) * this.end);
  }

  /** @param {number} value */
  y(value) {
    const { low, high, log } = /** @type {Chart} */ (this.chart);
    const [, top, , bottom] = this.box;
    const y = bottom - ((bottom - top) * (scaled(value, log) - low)) / (high - low);
    return clamp(y, -FAR, FAR);
  }

  /** @param {CanvasRenderingContext2D} context */
  axes(context) {
    const { theme, view } = /** @type {Scene} */ (this.scene).data;
    const { title, low, high, log, line } = /** @type {Chart} */ (this.chart);
    const [left, top, right, bottom] = this.box;
    Object.assign(context, {
      strokeStyle: theme.faint,
      lineWidth: 1,
      fillStyle: theme.ink,
      font: this.stage.font(12),
    });
    context.beginPath();
    const across = ticks(0, this.end, false, clamp((right - left) / (90 * this.stage.scale), 2, this.end));
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const [k, value] of across.values.entries()) {
      const x = Math.round(this.x(value)) + 0.5;
      context.moveTo(x, top);
      context.lineTo(x, bottom + 4);
      context.fillText(
        across.texts[k],
        Math.min(x, this.canvas.width - context.measureText(across.texts[k]).width / 2),
        bottom + 7 * this.stage.scale,
      );
    }
    const up = ticks(low, high, log, Math.max(2, (bottom - top) / (34 * this.stage.scale)));
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    for (const [k, value] of up.values.entries()) {
      const y = Math.round(bottom - ((bottom - top) * (value - low)) / (high - low)) + 0.5;
      context.moveTo(left - 4, y);
      context.lineTo(right, y);
      context.fillText(up.texts[k], left - 8, y);
    }
    context.stroke();
    if (line !== undefined) this.across(context, line);
    Object.assign(context, { textAlign: "left", textBaseline: "alphabetic", font: this.stage.font(13, 600) });
    context.fillText(title, left, top - 10 * this.stage.scale);
    if (this.last) {
      Object.assign(context, { textAlign: "center", font: this.stage.font(12) });
      context.fillText(
        view.against === "steps" ? "step" : "evaluations of loss and gradient",
        (left + right) / 2,
        bottom + 36 * this.stage.scale,
      );
    }
  }

  /**
   * A line at a value, and what lies beyond it.
   * @param {CanvasRenderingContext2D} context
   * @param {number} value
   */
  across(context, value) {
    const [left, , right] = this.box;
    const y = this.y(value);
    const { ink } = /** @type {Scene} */ (this.scene).data.theme;
    Object.assign(context, {
      strokeStyle: ink,
      lineWidth: 1.5 * this.stage.scale,
      textAlign: "right",
      textBaseline: "bottom",
      fillStyle: ink,
    });
    context.setLineDash([6 * this.stage.scale, 4 * this.stage.scale]);
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(right, y);
    context.stroke();
    context.setLineDash([]);
    context.fillText("unstable above", right, y - 3);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} alpha
   */
  lines(context, alpha) {
    const scene = /** @type {Scene} */ (this.scene);
    const { values } = /** @type {Chart} */ (this.chart);
    const [left, top, right, bottom] = this.box;
    context.save();
    context.beginPath();
    const room = ARROW * this.stage.scale; // for half an arrow at either side
    context.rect(left - room, top - 2, right - left + 2 * room, bottom - top + 4);
    context.clip();
    Object.assign(context, { globalAlpha: alpha, lineJoin: "round" });
    for (const [k, run] of scene.runs.entries()) {
      this.stage.stroke(context, run.color, this.stage.sizes.curve, run.dash);
      context.beginPath();
      this.trace(context, run, values[k]);
      context.stroke();
    }
    /** What is written already: left, top, right, bottom. @type {number[][]} */
    const taken = [];
    for (const [k, run] of scene.runs.entries()) this.leave(context, run, values[k], taken);
    context.restore();
  }

  /**
   * Arrows at the edge where a curve leaves the chart, and how far it goes.
   * @param {CanvasRenderingContext2D} context
   * @param {Run} run
   * @param {import("./scene.js").Numbers} values
   * @param {number[][]} taken
   */
  leave(context, run, values, taken) {
    const { low, high, log } = /** @type {Chart} */ (this.chart);
    const type = this.stage.scale;
    for (const side of /** @type {const} */ ([1, -1])) {
      const gone = excursions(values, [low, high], log).filter((excursion) => excursion.side === side);
      const extremes = gone.map((excursion) => side * excursion.extreme);
      const furthest = side * extremes.reduce((a, b) => Math.max(a, b), -Infinity);
      let last = -Infinity;
      for (const { from } of gone) {
        const x = this.crossing(run, values, from, side);
        if (x - last < APART * type) continue;
        this.arrow(context, x, side, run.color);
        if (last === -Infinity) this.note(context, x, side, `to ${written(furthest, log)}`, taken);
        last = x;
      }
    }
  }

  /**
   * Where a curve crosses the edge of the chart on its way to a step beyond it.
   * @param {Run} run
   * @param {import("./scene.js").Numbers} values
   * @param {number} step
   * @param {1 | -1} side
   */
  crossing(run, values, step, side) {
    const [, top, , bottom] = this.box;
    const x = this.at(run, step);
    const before = step > 0 ? this.y(values[step - 1]) : Number.NaN;
    if (Number.isNaN(before)) return x;
    const start = this.at(run, step - 1);
    return start + ((x - start) * ((side > 0 ? top : bottom) - before)) / (this.y(values[step]) - before);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {1 | -1} side
   * @param {string} color
   */
  arrow(context, x, side, color) {
    const [, top, , bottom] = this.box;
    const half = ARROW * this.stage.scale;
    const edge = side > 0 ? top : bottom;
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(x, edge);
    context.lineTo(x - half, edge + 1.7 * side * half);
    context.lineTo(x + half, edge + 1.7 * side * half);
    context.closePath();
    context.fill();
  }

  /**
   * Words beside an arrow, not on others.
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {1 | -1} side
   * @param {string} text
   * @param {number[][]} taken
   */
  note(context, x, side, text, taken) {
    const [left, top, right, bottom] = this.box;
    const height = 13 * this.stage.scale;
    const beside = (ARROW + 3) * this.stage.scale;
    Object.assign(context, { font: this.stage.font(11, 600), textAlign: "left", textBaseline: "middle" });
    const width = context.measureText(text).width;
    const begin = x + beside + width <= right ? x + beside : Math.max(x - beside - width, left);
    // At the very edge is room for the head of a run.
    let middle = side > 0 ? top + 1.5 * height : bottom - 1.5 * height;
    const covered = () =>
      taken.some(([l, m, r]) => Math.abs(m - middle) < height && l < begin + width && begin < r);
    for (let tries = 0; covered() && tries < 8; tries++) middle += side * height;
    taken.push([begin, middle, begin + width]);
    const { ink, halo } = /** @type {Scene} */ (this.scene).data.theme;
    Object.assign(context, { fillStyle: ink, strokeStyle: halo, lineWidth: 3 * this.stage.scale });
    context.setLineDash([]);
    context.strokeText(text, begin, middle);
    context.fillText(text, begin, middle);
  }

  /**
   * One curve: where many steps share a pixel, their lowest and highest.
   * @param {CanvasRenderingContext2D} context
   * @param {Run} run
   * @param {import("./scene.js").Numbers} values
   */
  trace(context, run, values) {
    let column = Number.NaN;
    let down = false;
    let [low, high, lastY, lastX] = [0, 0, 0, 0];
    const flush = () => {
      if (!down || high - low < 1) return;
      context.lineTo(lastX, low);
      context.lineTo(lastX, high);
      context.lineTo(lastX, lastY);
    };
    for (let k = 0; k <= run.n; k++) {
      const y = this.y(values[k]);
      if (Number.isNaN(y)) {
        flush();
        down = false;
        column = Number.NaN;
        continue;
      }
      const x = this.at(run, k);
      if (down && Math.abs(x - column) < 0.5 && k < run.n) {
        [low, high, lastY, lastX] = [Math.min(low, y), Math.max(high, y), y, x];
        continue;
      }
      flush();
      if (down) context.lineTo(x, y);
      else context.moveTo(x, y);
      down = true;
      [column, low, high, lastY, lastX] = [x, y, y, y, x];
    }
    flush();
  }

  /** @param {number} position of the playhead */
  draw(position) {
    const { scene, chart, canvas } = this;
    const context = canvas.clear();
    const { width, height } = canvas;
    if (!scene || !chart || !width || !height) return; // while the page lays itself out
    const [, top, , bottom] = this.box;
    const x = this.x(Math.min(position, this.end));
    context.drawImage(this.pale.element, 0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(0, 0, x, height);
    context.clip();
    context.drawImage(this.full.element, 0, 0, width, height);
    context.restore();
    Object.assign(context, { strokeStyle: scene.data.theme.ink, lineWidth: 1, globalAlpha: 0.6 });
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.stroke();
    context.globalAlpha = 1;
    for (const [k, run] of scene.runs.entries()) {
      const step = Math.floor(stepAt(run, position, scene.data.view.against));
      const y = this.y(chart.values[k][step]);
      if (Number.isNaN(y)) continue;
      // Beyond the chart, an arrow at its edge.
      const out = y < top - 1 ? -Math.PI / 2 : y > bottom + 1 ? Math.PI / 2 : null;
      const shown = clamp(y, top, bottom);
      head(canvas, this.at(run, step), shown, run.color, out, 4);
    }
  }
}

/**
 * How far a curve goes. What is 0 on a log axis may be less than a 32-bit float can tell from it.
 * @param {number} value
 * @param {boolean} log
 */
function written(value, log) {
  return log && value === 0 ? "0 or below 1e−45" : single(value, 2);
}
