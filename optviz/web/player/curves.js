// Loss, gradient and learning rate against steps or evaluations: drawn whole and pale, in full to the playhead.

import { dashes, font, head, Sheet, typeSize } from "./pen.js";
import { endOf, stepAt } from "./scene.js";
import { ticks } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */

const MARGIN = { left: 58, right: 14, top: 26, bottom: 22 };
const BELOW = 42; // the last chart says what the axis is
const WIDTH = 2.2;

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
function edgesOf({ runs }) {
  const edges = runs.flatMap((run) => run.edge ?? []);
  if (!edges.length || edges.length < runs.length) return [];
  const shares = chart(
    "sharpness ÷ stability limit",
    true,
    edges.map(({ share }) => share),
  );
  const curvatures = edges.map(({ curvature }) => curvature);
  const low = Math.min(shares.low, -0.5);
  return [
    { ...shares, low, high: Math.max(shares.high, 0.5), line: 1 },
    chart("largest curvature λ", true, curvatures),
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
    chart(
      log && minimum !== 0 ? "loss above the minimum" : "loss",
      log,
      runs.map((run) => (log ? run.excess : run.loss)),
    ),
    chart(
      "gradient norm",
      true,
      runs.map((run) => run.gradient),
    ),
  ];
  if (scene.data.view.beside === "stability") return [charts[0], ...edgesOf(scene)];
  if (runs.some(({ rate }) => rate.moves)) {
    const rates = runs.flatMap((run) => Array.from(run.lr.subarray(1)).filter((rate) => rate > 0));
    const wide =
      rates.reduce((a, b) => Math.max(a, b), 0) > 20 * rates.reduce((a, b) => Math.min(a, b), Infinity);
    const rate = chart(
      "learning rate",
      wide,
      runs.map((run) => run.lr),
    );
    charts.push(wide ? rate : { ...rate, low: Math.min(rate.low, 0) });
  }
  return charts;
}

/**
 * @param {string} title
 * @param {boolean} log
 * @param {import("./scene.js").Numbers[]} values
 * @returns {Chart}
 */
function chart(title, log, values) {
  const [low, high] = span(values, log);
  return { title, log, values, low, high };
}

/**
 * The range of an axis: a diverging run leaves it at the top instead of flattening the others.
 * @param {import("./scene.js").Numbers[]} values
 * @param {boolean} log
 * @returns {[number, number]} in a log scale powers of ten
 */
function span(values, log) {
  const shown = (/** @type {number} */ value) => Number.isFinite(value) && (value > 0 || !log);
  const firsts = values.map((curve) => curve.find(shown)).filter((value) => value !== undefined);
  if (!firsts.length) return [0, 1];
  const highest = firsts.reduce((a, b) => Math.max(a, b), -Infinity);
  const floor = log ? 0 : -100 * Math.max(Math.abs(highest), 1);
  const ceiling = 100 * Math.abs(highest);
  let [low, high] = [Infinity, highest];
  for (const curve of values) {
    for (const value of curve) {
      if (!shown(value)) continue;
      low = Math.min(low, Math.max(value, floor));
      if (value <= ceiling) high = Math.max(high, value);
    }
  }
  if (log) return [Math.log10(low) - 0.2, Math.log10(Math.max(high, low)) + 0.2];
  const margin = 0.05 * (high - low) || Math.abs(high) || 1;
  return [low - margin, high + margin];
}

/** One chart on its own canvas. */
export class Curve {
  constructor() {
    this.sheet = new Sheet();
    this.sheet.canvas.className = "optviz-curve";
    this.pale = new Sheet();
    this.full = new Sheet();
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
    for (const sheet of [this.sheet, this.pale, this.full]) sheet.resize(width, height);
    this.axes(this.pale.clear());
    this.lines(this.pale.context, 0.28);
    this.lines(this.full.clear(), 1);
  }

  /** Left, top, right, bottom of the box that curves are drawn in. */
  get box() {
    const { width, height } = this.sheet;
    const type = typeSize();
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
   * The position of the playhead that a place on the screen stands for.
   * @param {number} px
   */
  position(px) {
    const [left, , right] = this.box;
    return Math.round(Math.min(Math.max((px - left) / (right - left), 0), 1) * this.end);
  }

  /** @param {number} value */
  y(value) {
    const { low, high, log } = /** @type {Chart} */ (this.chart);
    const [, top, , bottom] = this.box;
    return bottom - ((bottom - top) * ((log ? Math.log10(value) : value) - low)) / (high - low);
  }

  /** @param {CanvasRenderingContext2D} context */
  axes(context) {
    const { theme, view } = /** @type {Scene} */ (this.scene).data;
    const { title, low, high, log, line } = /** @type {Chart} */ (this.chart);
    const [left, top, right, bottom] = this.box;
    Object.assign(context, { strokeStyle: theme.faint, lineWidth: 1, fillStyle: theme.ink, font: font(12) });
    context.beginPath();
    const across = ticks(
      0,
      this.end,
      false,
      Math.min(Math.max(2, (right - left) / (90 * typeSize())), this.end),
    );
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const [k, value] of across.values.entries()) {
      const x = Math.round(this.x(value)) + 0.5;
      context.moveTo(x, top);
      context.lineTo(x, bottom + 4);
      context.fillText(
        across.texts[k],
        Math.min(x, this.sheet.width - context.measureText(across.texts[k]).width / 2),
        bottom + 7 * typeSize(),
      );
    }
    const up = ticks(low, high, log, Math.max(2, (bottom - top) / (34 * typeSize())));
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    for (const [k, value] of up.values.entries()) {
      const y = Math.round(bottom - ((bottom - top) * (value - low)) / (high - low)) + 0.5;
      context.moveTo(left - 4, y);
      context.lineTo(right, y);
      context.fillText(up.texts[k], left - 8, y);
    }
    context.stroke();
    if (line !== undefined) this.across(context, line);
    Object.assign(context, { textAlign: "left", textBaseline: "alphabetic", font: font(13, 600) });
    context.fillText(title, left, top - 10 * typeSize());
    if (this.last) {
      Object.assign(context, { textAlign: "center", font: font(12) });
      context.fillText(
        view.against === "steps" ? "step" : "evaluations of loss and gradient",
        (left + right) / 2,
        bottom + 36 * typeSize(),
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
      lineWidth: 1.5,
      textAlign: "right",
      textBaseline: "bottom",
      fillStyle: ink,
    });
    context.setLineDash([6, 4]);
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
    context.rect(left, top - 2, right - left + 2, bottom - top + 4);
    context.clip();
    Object.assign(context, { globalAlpha: alpha, lineWidth: WIDTH, lineJoin: "round" });
    for (const [k, run] of scene.runs.entries()) {
      context.strokeStyle = run.color;
      context.setLineDash(dashes(run.dash, WIDTH));
      context.beginPath();
      this.trace(context, run, values[k]);
      context.stroke();
    }
    context.restore();
  }

  /**
   * One curve: where many steps share a pixel, their lowest and highest.
   * @param {CanvasRenderingContext2D} context
   * @param {Run} run
   * @param {import("./scene.js").Numbers} values
   */
  trace(context, run, values) {
    const { against } = /** @type {Scene} */ (this.scene).data.view;
    const far = 1e5;
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
      const raw = this.y(values[k]); // a logarithm has no place for 0: such steps are left out
      if (!Number.isFinite(raw)) {
        flush();
        down = false;
        column = Number.NaN;
        continue;
      }
      const y = Math.min(Math.max(raw, -far), far);
      const x = this.x(against === "steps" ? k : run.evals[k]);
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
    const { scene, chart, sheet } = this;
    const context = sheet.clear();
    const { width, height } = sheet;
    if (!scene || !chart || !width || !height) return; // while the page lays itself out
    const [, top, , bottom] = this.box;
    const x = this.x(Math.min(position, this.end));
    context.drawImage(this.pale.canvas, 0, 0, width, height);
    context.save();
    context.beginPath();
    context.rect(0, 0, x, height);
    context.clip();
    context.drawImage(this.full.canvas, 0, 0, width, height);
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
      const at = this.x(scene.data.view.against === "steps" ? step : run.evals[step]);
      if (Number.isFinite(y) && y >= top - 1 && y <= bottom + 1)
        head(context, at, y, run.color, scene.data.theme.halo, null, 4);
    }
  }
}
