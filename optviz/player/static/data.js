// The data that a model is fitted to, and what each run's model makes of them at the playhead.

import { HiDpiCanvas } from "./canvas.js";
import { READABLE } from "./clock.js";
import { appended, element, heading } from "./dom.js";
import { Model } from "./model.js";
import { clamp, wholeStep } from "./numbers.js";
import { stepAt } from "./scene.js";
import { counted, precise, ticks } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */
/** @typedef {import("./message.js").Examples} Examples */

const MARGIN = { left: 58, right: 14, top: 26, bottom: 42 };
/** How finely curves are drawn, and the grid that the line between two classes is looked for on. */
const POINTS = 96;
const CELLS = 40;
/** Beyond the examples, as a share of their range. */
const ROOM = 0.12;

export class DataPicture {
  /**
   * @param {HTMLElement} root
   * @param {import("./canvas.js").Stage} stage
   */
  constructor(root, stage) {
    this.root = root;
    this.stage = stage;
    this.canvas = new HiDpiCanvas(stage);
    this.holder = appended(root, "div", "optviz-fit", this.canvas.element);
    this.holder.setAttribute("role", "img");
    this.words = appended(root, "p");
    this.table = appended(root, "div", "optviz-examples");
    this.table.tabIndex = 0;
    this.table.setAttribute("role", "region");
    this.table.setAttribute("aria-label", "The examples");
    /** @type {Scene | null} */
    this.scene = null;
    this.built = "";
    this.last = 0;
    /** @type {HTMLElement[]} */
    this.predictions = [];
  }

  /** @param {Scene} scene of a surface that is made of data */
  show(scene) {
    this.scene = scene;
    const data = this.data;
    this.model = new Model(data.layers);
    this.scaled = data.inputs.map((input) => this.scale(input));
    this.ranges = rangesOf(data);
    const names = scene.runs.map((run) => run.name).join(", ");
    this.holder.setAttribute(
      "aria-label",
      `The ${counted(data.inputs.length, "example")}, and the models of ${names}.`,
    );
    this.build();
    this.fit();
    this.last = 0;
  }

  get data() {
    return /** @type {Examples} */ (/** @type {Scene} */ (this.scene).data.data);
  }

  /** The model's own units. @param {number[]} input */
  scale(input) {
    const { mean, deviation } = this.data;
    return input.map((value, k) => (value - mean[k]) / deviation[k]);
  }

  /**
   * @param {Run} run
   * @param {number} step
   * @param {number[]} input in the model's own units
   */
  predict(run, step, input) {
    const parameters = run.weights?.at(step) ?? [run.x[step], run.y[step]];
    return /** @type {Model} */ (this.model).output(parameters, input);
  }

  /** The size may have changed. */
  fit() {
    this.canvas.resize(this.holder.clientWidth, this.holder.clientHeight);
  }

  /** A row for each example. */
  build() {
    const { inputs, targets, names, classes } = this.data;
    const built = JSON.stringify([inputs, targets, names, classes]);
    if (built === this.built) return;
    this.built = built;
    const table = element("table");
    this.said = heading("col", classes ? "says" : "predicted");
    table
      .createTHead()
      .insertRow()
      .append(...names.map((text) => heading("col", text)), this.said);
    const body = table.createTBody();
    this.predictions = inputs.map((input, place) => {
      const row = body.insertRow();
      for (const value of [...input, targets[place]]) row.insertCell().textContent = precise(value, 4);
      return row.insertCell();
    });
    this.table.replaceChildren(table);
  }

  /**
   * @param {number} position of the playhead
   * @param {number} focus the place of the run that the table is of
   * @param {boolean} playing
   */
  draw(position, focus, playing) {
    const { scene, canvas } = this;
    const context = canvas.clear();
    if (!scene?.data.data || canvas.width < 2 || canvas.height < 2) return;
    const { runs } = scene;
    const steps = runs.map((run) => wholeStep(stepAt(run, position, scene.data.view.against)));
    this.frame(context);
    context.save();
    const [left, top, right, bottom] = this.box;
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    const batch = this.batch(Math.min(steps[focus] ?? 0, (runs[focus]?.n ?? 0) - 1));
    const { classes, inputs } = this.data;
    if (inputs[0].length === 1) this.fitted(context, steps, batch);
    else if (classes) this.classified(context, steps, batch);
    else this.compared(context, steps, batch, focus);
    context.restore();
    const now = performance.now();
    if (playing && now - this.last < READABLE) return;
    this.last = now;
    this.number(steps, focus, batch);
  }

  /** Left, top, right, bottom of the box that is drawn in. */
  get box() {
    const { width, height } = this.canvas;
    const type = this.stage.scale;
    return [
      type * MARGIN.left,
      type * MARGIN.top,
      Math.max(width - type * MARGIN.right, type * MARGIN.left + 1),
      Math.max(height - type * MARGIN.bottom, type * MARGIN.top + 1),
    ];
  }

  /** @param {number} value */
  x(value) {
    const [left, , right] = this.box;
    const [low, high] = /** @type {Ranges} */ (this.ranges).x;
    return left + ((right - left) * (value - low)) / (high - low);
  }

  /** @param {number} value */
  y(value) {
    const [, top, , bottom] = this.box;
    const [low, high] = /** @type {Ranges} */ (this.ranges).y;
    return bottom - ((bottom - top) * (value - low)) / (high - low);
  }

  /** @param {CanvasRenderingContext2D} context */
  frame(context) {
    const { theme } = /** @type {Scene} */ (this.scene).data;
    const { x, y, names } = /** @type {Ranges} */ (this.ranges);
    const [left, top, right, bottom] = this.box;
    const type = this.stage.scale;
    Object.assign(context, {
      strokeStyle: theme.faint,
      lineWidth: 1,
      fillStyle: theme.ink,
      font: this.stage.font(12),
    });
    context.beginPath();
    const across = ticks(x[0], x[1], false, Math.max(2, (right - left) / (70 * type)));
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const [k, value] of across.values.entries()) {
      const px = Math.round(this.x(value)) + 0.5;
      context.moveTo(px, top);
      context.lineTo(px, bottom + 4);
      context.fillText(across.texts[k], px, bottom + 7 * type);
    }
    const up = ticks(y[0], y[1], false, Math.max(2, (bottom - top) / (34 * type)));
    Object.assign(context, { textAlign: "right", textBaseline: "middle" });
    for (const [k, value] of up.values.entries()) {
      const py = Math.round(this.y(value)) + 0.5;
      context.moveTo(left - 4, py);
      context.lineTo(right, py);
      context.fillText(up.texts[k], left - 8, py);
    }
    context.stroke();
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    context.fillText(names[0], (left + right) / 2, bottom + 23 * type);
    Object.assign(context, { textAlign: "left", textBaseline: "alphabetic", font: this.stage.font(13, 600) });
    context.fillText(names[1], left, top - 10 * type);
  }

  /**
   * One input: the examples, and each model's curve through them.
   * @param {CanvasRenderingContext2D} context
   * @param {number[]} steps
   * @param {Set<number>} batch
   */
  fitted(context, steps, batch) {
    const { inputs, targets, beyond } = this.data;
    const [low, high] = /** @type {Ranges} */ (this.ranges).x;
    for (const [place, run] of this.runs.entries()) {
      this.line(context, run);
      for (let k = 0; k <= POINTS; k++) {
        const x = low + ((high - low) * k) / POINTS;
        context.lineTo(this.x(x), this.y(far(this.predict(run, steps[place], this.scale([x])), this.ranges)));
      }
      context.stroke();
    }
    for (const [place, [x]] of inputs.entries())
      this.example(context, this.x(x), this.y(targets[place]), true, batch.has(place));
    if (beyond === null) return;
    for (const [place, run] of this.runs.entries()) {
      const y = this.predict(run, steps[place], this.scale([beyond]));
      this.dot(context, this.x(beyond), this.y(far(y, this.ranges)), run.color);
    }
  }

  /**
   * Two inputs and a class: where each model changes its mind.
   * @param {CanvasRenderingContext2D} context
   * @param {number[]} steps
   * @param {Set<number>} batch
   */
  classified(context, steps, batch) {
    const { inputs, targets } = this.data;
    for (const [place, run] of this.runs.entries()) {
      this.line(context, run);
      for (const [from, to] of this.borders(run, steps[place])) {
        context.moveTo(this.x(from[0]), this.y(from[1]));
        context.lineTo(this.x(to[0]), this.y(to[1]));
      }
      context.stroke();
    }
    for (const [place, [x, y]] of inputs.entries())
      this.example(context, this.x(x), this.y(y), targets[place] === 1, batch.has(place));
  }

  /**
   * Two inputs and a number: what is predicted beside what is true.
   * @param {CanvasRenderingContext2D} context
   * @param {number[]} steps
   * @param {Set<number>} batch
   * @param {number} focus
   */
  compared(context, steps, batch, focus) {
    const { targets } = this.data;
    const [low, high] = /** @type {Ranges} */ (this.ranges).x;
    const { theme } = /** @type {Scene} */ (this.scene).data;
    context.setLineDash([]);
    Object.assign(context, { strokeStyle: theme.ink, lineWidth: 1 });
    context.beginPath();
    context.moveTo(this.x(low), this.y(low));
    context.lineTo(this.x(high), this.y(high));
    context.stroke();
    for (const [place, run] of this.runs.entries()) {
      for (const [k, input] of this.inputs.entries()) {
        const [x, y] = [this.x(targets[k]), this.y(this.predict(run, steps[place], input))];
        this.dot(context, x, y, run.color);
        if (place === focus && batch.has(k)) this.ring(context, x, y);
      }
    }
  }

  get runs() {
    return /** @type {Scene} */ (this.scene).runs;
  }

  get inputs() {
    return /** @type {number[][]} */ (this.scaled);
  }

  /**
   * Pieces of the line on which a model's output is 0, found on a grid.
   * @param {Run} run
   * @param {number} step
   * @returns {[number[], number[]][]}
   */
  borders(run, step) {
    const { x, y } = /** @type {Ranges} */ (this.ranges);
    const at = (/** @type {number[]} */ [low, high], /** @type {number} */ k) =>
      low + ((high - low) * k) / CELLS;
    const values = Array.from({ length: (CELLS + 1) ** 2 }, (_, place) =>
      this.predict(
        run,
        step,
        this.scale([at(x, place % (CELLS + 1)), at(y, Math.floor(place / (CELLS + 1)))]),
      ),
    );
    const value = (/** @type {number} */ i, /** @type {number} */ j) => values[j * (CELLS + 1) + i];
    /** @type {[number[], number[]][]} */
    const pieces = [];
    for (let j = 0; j < CELLS; j++) {
      for (let i = 0; i < CELLS; i++) {
        const corners = [
          [i, j],
          [i + 1, j],
          [i + 1, j + 1],
          [i, j + 1],
        ];
        const crossings = [];
        for (const [k, [a, b]] of corners.entries()) {
          const [c, d] = corners[(k + 1) % 4];
          const [from, to] = [value(a, b), value(c, d)];
          if (from > 0 === to > 0) continue;
          const share = from / (from - to);
          crossings.push([at(x, a + (c - a) * share), at(y, b + (d - b) * share)]);
        }
        for (let k = 0; k + 1 < crossings.length; k += 2) pieces.push([crossings[k], crossings[k + 1]]);
      }
    }
    return pieces;
  }

  /**
   * The examples that a step's gradient is of; none where it is of all.
   * @param {number} step
   * @returns {Set<number>}
   */
  batch(step) {
    const { inputs, batch } = this.data;
    const { order } = /** @type {Scene} */ (this.scene);
    if (!order || batch === null || step < 0) return new Set();
    const each = Math.ceil(inputs.length / batch);
    const within = (step % each) * batch;
    const first = Math.floor(step / each) * inputs.length + within;
    return new Set(order.subarray(first, first + Math.min(batch, inputs.length - within)));
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Run} run
   */
  line(context, run) {
    this.stage.stroke(context, run.color, this.stage.sizes.curve, run.dash);
    context.lineJoin = "round";
    context.beginPath();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} y
   * @param {boolean} full or a circle: the other class
   * @param {boolean} ringed
   */
  example(context, x, y, full, ringed) {
    const { theme } = /** @type {Scene} */ (this.scene).data;
    context.setLineDash([]);
    context.beginPath();
    context.arc(x, y, 4 * this.stage.scale, 0, 2 * Math.PI);
    Object.assign(context, {
      fillStyle: full ? theme.ink : theme.paper,
      strokeStyle: theme.ink,
      lineWidth: 1.5 * this.stage.scale,
    });
    context.fill();
    context.stroke();
    if (ringed) this.ring(context, x, y);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} y
   */
  ring(context, x, y) {
    const { theme } = /** @type {Scene} */ (this.scene).data;
    context.setLineDash([]);
    context.beginPath();
    context.arc(x, y, 8 * this.stage.scale, 0, 2 * Math.PI);
    Object.assign(context, { strokeStyle: theme.ink, lineWidth: 2 * this.stage.scale });
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} x
   * @param {number} y
   * @param {string} color
   */
  dot(context, x, y, color) {
    context.beginPath();
    context.arc(x, y, 3 * this.stage.scale, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
  }

  /**
   * The numbers below the picture.
   * @param {number[]} steps
   * @param {number} focus
   * @param {Set<number>} batch
   */
  number(steps, focus, batch) {
    const { beyond, classes, names } = this.data;
    const run = this.runs[focus];
    const sentences = [];
    if (beyond !== null) {
      const said = this.runs.map(
        (competitor, place) =>
          `${competitor.name} ${precise(this.predict(competitor, steps[place], this.scale([beyond])), 4)}`,
      );
      sentences.push(`Predicted at ${names[0]} = ${precise(beyond)}: ${said.join(", ")}.`);
    }
    if (classes) sentences.push("Lines: decision boundaries. Full dots are class 1.");
    if (batch.size) sentences.push("Ringed: the minibatch of this step.");
    this.words.textContent = sentences.join(" ");
    if (!run) return;
    /** @type {HTMLElement} */ (this.said).textContent = classes
      ? `P(class 1), ${run.name}`
      : `${run.name} predicts`;
    for (const [place, cell] of this.predictions.entries()) {
      const output = this.predict(run, steps[focus], this.inputs[place]);
      cell.textContent = classes ? `${precise(100 / (1 + Math.exp(-output)), 3)} %` : precise(output, 4);
      /** @type {HTMLElement} */ (cell.parentElement).classList.toggle("optviz-lit", batch.has(place));
    }
  }
}

/** @typedef {{ x: [number, number], y: [number, number], names: [string, string] }} Ranges */

/**
 * What the axes are, and how far they go.
 * @param {Examples} data
 * @returns {Ranges}
 */
function rangesOf({ inputs, targets, names, classes, beyond }) {
  const first = inputs.map(([x]) => x);
  if (inputs[0].length === 1) {
    const x = roomy(beyond === null ? first : [...first, beyond], ROOM / 2);
    return { x, y: roomy(targets, 4 * ROOM), names: [names[0], names[1]] };
  }
  if (classes) {
    const second = inputs.map(([, x]) => x);
    return { x: roomy(first, ROOM), y: roomy(second, ROOM), names: [names[0], names[1]] };
  }
  const both = roomy(targets, ROOM);
  return { x: both, y: both, names: [`true ${names[2]}`, `predicted ${names[2]}`] };
}

/**
 * @param {number[]} values
 * @param {number} room
 * @returns {[number, number]}
 */
function roomy(values, room) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const more = room * (high - low) || 1;
  return [low - more, high + more];
}

/**
 * A value that is far outside the picture, at a place that a canvas can still draw to.
 * @param {number} value
 * @param {Ranges | undefined} ranges
 */
function far(value, ranges) {
  const [low, high] = /** @type {Ranges} */ (ranges).y;
  return clamp(value, low - 1e3 * (high - low), high + 1e3 * (high - low));
}
