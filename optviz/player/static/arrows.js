// What is drawn at the head of a path: where things point, to scale, and how the surface bends.

import { HiDpiCanvas } from "./canvas.js";
import { turned } from "./frame.js";
import { clamp } from "./numbers.js";
import { eigen } from "./steps.js";
import { single } from "./ticks.js";

/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./message.js").Theme} Theme */
/** @typedef {import("./steps.js").Steps} Steps */
/** @typedef {[number, number]} Vector */
/** @typedef {{ name: string, vector: Vector, color: string, width: number, scale: number }} Arrow */

/** The longest arrow, unless it is a step to scale, and the ellipse of curvature, as shares of the picture. */
const LONGEST = 0.24;
const ELLIPSE = 0.13;
/** An ellipse is not drawn longer than this many times its width. */
const SLENDER = 12;

/**
 * The arrows of the step that begins at a point. All gradients share a scale, and so do a step and its parts;
 * both scales are those of the whole run, or, to fit, of this step alone.
 * @param {Steps} steps
 * @param {number} step counted from 0
 * @param {import("./message.js").View} view
 * @param {number[][]} domain
 * @param {Frame} frame
 * @param {number} size of the picture in pixels
 * @param {Theme} theme
 * @returns {Arrow[]}
 */
export function arrowsOf(steps, step, { marks, arrows }, domain, frame, size, theme) {
  const unit = Math.abs(frame.dx);
  const slant = Math.abs(frame.dy) / unit;
  const { slope, move } =
    arrows === "fit" ? longestAt(steps, step, marks, slant) : longestOf(steps, marks, domain, slant);
  const most = (LONGEST * size) / unit;
  const scale = rounded(most / slope);
  const slopes = slopesOf(steps, step, marks).map((arrow) => ({
    ...arrow,
    color: theme.marks[arrow.name],
    scale,
  }));
  return [...slopes, ...moves(steps, step, marks, magnified(most / move), theme)];
}

/**
 * What points uphill at a point, as far as it is wanted.
 * @param {Steps} steps
 * @param {number} step
 * @param {string[]} marks
 */
function slopesOf(steps, step, marks) {
  const { momentum } = steps.data;
  const columns = { gradient: "gradient", given: "given", momentum: momentum && `state.${momentum}` };
  const widths = { gradient: 5, given: 2.5, momentum: 3 };
  return /** @type {(keyof typeof columns)[]} */ (Object.keys(columns)).flatMap((name) => {
    const column = columns[name];
    if (!column || !marks.includes(name)) return [];
    const vector = /** @type {Vector} */ (
      [0, 1].map((axis) => trained(steps, axis, steps.seen(column, step, axis)))
    );
    return [{ name, vector, width: widths[name] }];
  });
}

/** @param {Steps} steps @param {number} step @returns {Vector} */
function moveOf(steps, step) {
  const [x, y] = [0, 1].map((axis) => steps.seen("theta", step + 1, axis) - steps.seen("theta", step, axis));
  return [x, y];
}

/**
 * How long the longest gradient that is drawn at a point is on the screen, and the step from there, in units of
 * the axis of x.
 * @param {Steps} steps
 * @param {number} step
 * @param {string[]} marks
 * @param {number} slant how many times as long a unit is on the axis of y
 */
function longestAt(steps, step, marks, slant) {
  const length = (/** @type {Vector} */ [x, y]) => Math.hypot(x, slant * y);
  const slope = Math.max(0, ...slopesOf(steps, step, marks).map(({ vector }) => length(vector)));
  return { slope, move: step < steps.n ? length(moveOf(steps, step)) : 0 };
}

/** What `longestOf` has found: it is asked for at each frame. @type {WeakMap<Steps, Map<string, Longest>>} */
const known = new WeakMap();
/** @typedef {{ slope: number, move: number }} Longest */

/**
 * The same of a whole run: of its steps that begin in the domain, and are finite.
 * @param {Steps} steps
 * @param {string[]} marks
 * @param {number[][]} domain
 * @param {number} slant
 * @returns {Longest}
 */
function longestOf(steps, marks, domain, slant) {
  const cached = known.get(steps) ?? new Map();
  known.set(steps, cached);
  const key = JSON.stringify([marks, domain, slant]);
  if (cached.has(key)) return cached.get(key);
  const whole = { slope: 0, move: 0 };
  for (let step = 0; step < steps.n; step++) {
    const inside = domain.every(([low, high], axis) => {
      const at = steps.seen("theta", step, axis);
      return at >= low && at <= high;
    });
    if (!inside) continue;
    const { slope, move } = longestAt(steps, step, marks, slant);
    if (slope < Infinity) whole.slope = Math.max(whole.slope, slope);
    if (move < Infinity) whole.move = Math.max(whole.move, move);
  }
  cached.set(key, whole);
  return whole;
}

/**
 * The step itself, and the parts that it is the sum of, end to end.
 * @param {Steps} steps
 * @param {number} step
 * @param {string[]} marks
 * @param {number} scale
 * @param {Theme} theme
 * @returns {(Arrow & { from?: Vector, ends?: boolean })[]}
 */
function moves(steps, step, marks, scale, theme) {
  if (step >= steps.n) return [];
  const wanted = (/** @type {string} */ name) => marks.includes(name);
  const vector = moveOf(steps, step);
  const arrows = [];
  if (wanted("parts") && !steps.shadow) {
    let from = /** @type {Vector} */ ([0, 0]);
    for (const [name, part] of Object.entries(steps.derived(step).parts)) {
      const moved = /** @type {Vector} */ (part.map((value, axis) => trained(steps, axis, value)));
      const color = theme.marks[name === "gradient" || name === "momentum" ? name : "given"];
      if (Math.hypot(...moved) > 0)
        arrows.push({ name: `${name} part`, vector: moved, color, width: 3, scale, from });
      from = [from[0] + moved[0], from[1] + moved[1]];
    }
  }
  if (wanted("step") || wanted("parts")) {
    arrows.push({
      name: "step",
      vector,
      color: theme.marks.step,
      width: wanted("step") ? 4 : 2,
      scale,
      ends: wanted("parts"),
    });
  }
  return arrows;
}

/**
 * What belongs to a frozen parameter is nothing; that of any other stays, also if it is not a number.
 * @param {Steps} steps
 * @param {number} axis
 * @param {number} value
 */
function trained(steps, axis, value) {
  return Number.isNaN(value) && !steps.data.trained.includes(axis) ? 0 : value;
}

/** A factor of 1, 2 or 5 times a power of ten, at most this. @param {number} most */
function rounded(most) {
  if (!Number.isFinite(most) || most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((digit) => digit * power <= most) ?? 1) * power;
}

/** A power of ten, at most this, but never less than 1: a long step is to scale. @param {number} most */
function magnified(most) {
  return most > 1 && most < Infinity ? 10 ** Math.floor(Math.log10(most)) : 1;
}

/**
 * The scales of some arrows in words.
 * @param {Arrow[]} arrows
 * @param {string} how the view's choice
 */
export function scaleWords(arrows, how) {
  /** @type {Map<number, string[]>} */
  const names = new Map();
  for (const { name, scale } of arrows) names.set(scale, [...(names.get(scale) ?? []), name]);
  if (!names.size) return "";
  const scales = Array.from(names, ([scale, all]) => `${all.join(", ")} ×${single(scale, 1)}`).join("; ");
  return how === "fit"
    ? `Magnified to be seen, anew at each step: lengths cannot be compared between steps. Here: ${scales}.`
    : `The same scale at every step: ${scales}.`;
}

/**
 * Draw the arrows of a step, with their names at their tips.
 * @param {HiDpiCanvas} canvas
 * @param {Frame} frame
 * @param {number} x pixels, of the point they begin at
 * @param {number} y
 * @param {(Arrow & { from?: Vector, ends?: boolean })[]} arrows
 * @param {Vector} start pixels of the start, which no name may hide behind
 */
export function drawArrows(canvas, frame, x, y, arrows, start) {
  const { halo } = canvas.stage.theme;
  const signs = [];
  for (const { name, vector, color, width, scale, from = [0, 0], ends } of arrows) {
    const [x0, y0] = [x + from[0] * scale * frame.dx, y + from[1] * scale * frame.dy];
    const [x1, y1] = [x0 + vector[0] * scale * frame.dx, y0 + vector[1] * scale * frame.dy];
    if (!Number.isFinite(x1) || !Number.isFinite(y1)) continue;
    arrow(canvas, x0, y0, x1, y1, halo, width + 3.5);
    arrow(canvas, x0, y0, x1, y1, color, width);
    if (ends) ring(canvas, x1, y1, color);
    const factor = scale === 1 ? "" : ` ×${single(scale, 1)}`;
    signs.push({ text: name + factor, x: x1, y: y1, right: x1 >= x0, color });
  }
  plates(canvas, frame.box, signs, [[start[0] - 9, start[1], 18]]);
}

/**
 * @param {HiDpiCanvas} canvas
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 * @param {string} color
 * @param {number} width
 */
function arrow({ context, stage }, x0, y0, x1, y1, color, width) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 1) return;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const tip = Math.min(6 + width * stage.scale, length);
  stage.stroke(context, color, width);
  Object.assign(context, { lineCap: "butt", lineJoin: "miter" });
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1 - 0.7 * tip * ux, y1 - 0.7 * tip * uy);
  context.stroke();
  context.fillStyle = color;
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x1 - tip * ux - 0.55 * tip * uy, y1 - tip * uy + 0.55 * tip * ux);
  context.lineTo(x1 - tip * ux + 0.55 * tip * uy, y1 - tip * uy - 0.55 * tip * ux);
  context.closePath();
  context.fill();
}

/**
 * Where a step will lead.
 * @param {HiDpiCanvas} canvas
 * @param {number} x
 * @param {number} y
 * @param {string} color
 */
function ring({ context, stage }, x, y, color) {
  for (const [style, width] of /** @type {[string, number][]} */ ([
    [stage.theme.halo, 5],
    [color, 2],
  ])) {
    context.beginPath();
    context.arc(x, y, 7 * stage.scale, 0, 2 * Math.PI);
    stage.stroke(context, style, width);
    context.stroke();
  }
}

/**
 * Names beside the tips, inside the box and not on each other.
 * @param {HiDpiCanvas} canvas
 * @param {[number, number, number, number]} box
 * @param {{ text: string, x: number, y: number, right: boolean, color: string }[]} signs
 * @param {[number, number, number][]} taken left, middle and width of what is there already
 */
function plates({ context, stage }, box, signs, taken = []) {
  const height = 15 * stage.scale;
  for (const { text, x, y, right, color } of signs) {
    const label = plate(stage, text, color);
    const width = label.width - 2 * EDGE;
    const left = clamp(right ? x + 9 : x - width - 9, box[0] + 3, box[2] - width - 3);
    let middle = clamp(y, box[1] + 9, box[3] - 9);
    const covered = () =>
      taken.some(([l, m, w]) => Math.abs(m - middle) < height && l < left + width + 4 && left < l + w + 4);
    for (let tries = 0; covered() && tries < 12; tries++)
      middle += (middle + height > box[3] - 9 ? -1 : 1) * height;
    taken.push([left, middle, width]);
    const [px, py] = [Math.round(left - EDGE), Math.round(middle - label.height / 2)];
    context.drawImage(label.element, px, py, label.width, label.height);
  }
}

const MOST_LABELS = 64;
/** Room for the edge around the letters, in pixels. */
const EDGE = 3;

/**
 * A name with an edge of the paper's colour around its letters.
 * @param {import("./canvas.js").Stage} stage
 * @param {string} text
 * @param {string} color
 */
function plate(stage, text, color) {
  const style = stage.font(12, 600);
  const { labels } = stage;
  const { paper } = stage.theme;
  const key = JSON.stringify([text, color, paper, style, globalThis.devicePixelRatio]);
  const known = labels.get(key);
  if (known) return known;
  if (labels.size >= MOST_LABELS) labels.delete(/** @type {string} */ (labels.keys().next().value));
  const label = new HiDpiCanvas(stage);
  label.context.font = style;
  label.resize(Math.ceil(label.context.measureText(text).width) + 2 * EDGE, Math.ceil(20 * stage.scale));
  const context = label.clear();
  Object.assign(context, { font: style, textBaseline: "middle", lineJoin: "round" });
  Object.assign(context, { strokeStyle: paper, lineWidth: 4, fillStyle: color });
  context.strokeText(text, EDGE, label.height / 2);
  context.fillText(text, EDGE, label.height / 2);
  labels.set(key, label);
  return label;
}

/**
 * The two axes of the Hessian's ellipse as they look: where units differ on the axes, they are not at a right
 * angle on the screen, and the ellipse is the one that has them as conjugate diameters.
 * @param {Frame} frame
 * @param {number} high
 * @param {number} low
 * @param {number} angle of the steepest axis, in units of x and y
 * @param {number} size pixels of the longer one
 * @returns {[Vector, Vector]}
 */
function ellipseOf(frame, high, low, angle, size) {
  const axes = [high, low].map((curvature, k) => {
    const radius = 1 / Math.sqrt(Math.max(Math.abs(curvature), 1e-30));
    const along = angle + (k * Math.PI) / 2;
    return turned(frame, [radius * Math.cos(along), radius * Math.sin(along)]);
  });
  const lengths = axes.map((axis) => Math.hypot(...axis));
  const longest = Math.max(...lengths);
  return /** @type {[Vector, Vector]} */ (
    axes.map((axis, k) => {
      const shown = (size * Math.max(lengths[k] / longest, 1 / SLENDER)) / lengths[k];
      return axis.map((part) => part * shown);
    })
  );
}

/**
 * The Hessian's axes as an ellipse of equal rise, dashed where the surface does not curve up both ways.
 * @param {HiDpiCanvas} canvas
 * @param {Frame} frame
 * @param {number} x
 * @param {number} y
 * @param {Steps} steps
 * @param {number} step
 */
export function drawCurvature(canvas, frame, x, y, steps, step) {
  const { high, low, angle } = eigen(steps.at(steps.shadow ? "seen.hessian" : "hessian", step));
  if (!Number.isFinite(high)) return;
  const { context, stage } = canvas;
  const { halo, marks } = stage.theme;
  const size = ELLIPSE * Math.min(frame.box[2] - frame.box[0], frame.box[3] - frame.box[1]);
  const axes = ellipseOf(frame, high, low, angle, size);
  const [a, b] = axes;
  for (const [style, width] of /** @type {[string, number][]} */ ([
    [halo, 5],
    [marks.curvature, 2],
  ])) {
    stage.stroke(context, style, width);
    if (low <= 0) context.setLineDash([6 * stage.scale, 4 * stage.scale]);
    context.beginPath();
    context.save();
    context.transform(...a, ...b, x, y);
    context.arc(0, 0, 1, 0, 2 * Math.PI);
    context.restore(); // the line is as wide everywhere
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    for (const [right, down] of axes) {
      context.moveTo(x - right, y - down);
      context.lineTo(x + right, y + down);
    }
    context.stroke();
  }
  const where = steps.shadow ? "λmax of this plane" : "λmax";
  const text = `${where} ${single(high, 3)}${limitOf(steps, Math.min(step, steps.n - 1))}`;
  const under = Math.max(Math.abs(a[1]), Math.abs(b[1]));
  const sign = { text, x: x - 9, y: y + under + 12, right: true, color: marks.curvature };
  plates(canvas, frame.box, [sign]);
}

/**
 * The stability limit of a step, after the curvature that it is about where that is not the surface's own.
 * @param {import("./steps.js").Steps} steps
 * @param {number} step
 */
function limitOf(steps, step) {
  const { stability } = steps.data;
  if (!stability || step < 0) return "";
  const [sharpness, limit] = ["sharpness", "limit"].map((name) => single(steps.at(name, step)[0], 3));
  return `${stability.sees === "curvature" ? "" : `; ${stability.sees} ${sharpness}`}, stability limit ${limit}`;
}
