// What each step of a run did: torch's own numbers, and the rule that leads from one to the next.

import { evaluate } from "./formula.js";

/** @typedef {import("./message.js").StepsData} StepsData */
/** @typedef {import("./message.js").Form} Form */
/** @typedef {import("./message.js").Term} Term */

export class Steps {
  /**
   * @param {StepsData} data
   * @param {Float32Array | Float64Array} numbers (k, n+1)
   */
  constructor(data, numbers) {
    this.data = data;
    this.numbers = numbers;
    const width = data.columns.reduce((sum, [, columns]) => sum + columns, 0);
    this.rows = numbers.length / width;
    /** @type {Map<string, { first: number, width: number }>} */
    this.places = new Map();
    let first = 0;
    for (const [name, columns] of data.columns) {
      this.places.set(name, { first, width: columns });
      first += columns;
    }
  }

  /** How many steps were taken. */
  get n() {
    return this.rows - 1;
  }

  /** @param {string} name of a column */
  has(name) {
    return this.places.has(name);
  }

  /**
   * The numbers of a column at a point, or in the step that begins there.
   * @param {string} name
   * @param {number} step counted from 0
   * @returns {number[]}
   */
  at(name, step) {
    const place = this.places.get(name);
    if (!place) return [];
    return Array.from({ length: place.width }, (_, k) => this.numbers[(place.first + k) * this.rows + step]);
  }

  /**
   * How far the finite numbers of a column are apart, each in its place.
   * @param {string} name
   */
  extent(name) {
    const { first, width } = /** @type {{ first: number, width: number }} */ (this.places.get(name));
    return Array.from({ length: width }, (_, k) => {
      const all = this.numbers.subarray((first + k) * this.rows, (first + k + 1) * this.rows);
      const ordered = all.filter(Number.isFinite).sort();
      return ordered[ordered.length - 1] - ordered[0];
    });
  }

  /**
   * What is on either axis: a column for both has one number.
   * @param {string} name
   * @param {number} step
   * @param {number} axis
   */
  on(name, step, axis) {
    const values = this.at(name, step);
    return values[Math.min(axis, values.length - 1)] ?? Number.NaN;
  }

  /**
   * What is drawn in the picture: of a network, what is seen of it on its plane.
   * @param {string} name
   * @param {number} step
   * @param {number} axis
   */
  seen(name, step, axis) {
    return this.on(this.has(`seen.${name}`) ? `seen.${name}` : name, step, axis);
  }

  /** Whether the picture is of two numbers among many. */
  get shadow() {
    return this.has("seen.theta");
  }

  /**
   * How many steps the optimizer has counted when this one is taken: it may have been built anew.
   * @param {number} step
   */
  count(step) {
    return (this.data.resetEvery ? step % this.data.resetEvery : step) + 1;
  }

  /** @param {number} step @returns {Form | null} */
  form(step) {
    const { rule } = this.data;
    if (!rule) return null;
    return rule.forms[this.has("form") ? this.on("form", step, 0) : 0];
  }

  /**
   * A setting as the step used it: a scheduler may move it.
   * @param {string} key such as "lr" or "betas.0"
   * @param {number} step
   */
  setting(key, step) {
    const [name, place] = key.split(".");
    return this.has(name) ? this.on(name, step, Number(place ?? 0)) : this.data.settings[key];
  }

  /**
   * What was known before a step, by a symbol's key.
   * @param {string} key
   * @param {number} step
   * @param {number} axis
   * @returns {number}
   */
  known(key, step, axis) {
    if (key === "t") return this.count(step);
    if (key === "theta" || key === "given") return this.on(key, step, axis);
    if (!key.endsWith(".before")) return this.setting(key, step);
    const name = key.slice(0, -".before".length);
    if (this.count(step) > 1) return this.on(`state.${name}`, step - 1, axis);
    const initial = this.data.rule?.initial[name] ?? Number.NaN;
    return typeof initial === "string" ? this.setting(initial, step) : initial;
  }

  /**
   * Every quantity of a step's derivation by its key, for x and y; and the parts that the step is the sum of.
   * @param {number} step
   */
  derived(step) {
    const form = this.form(step);
    /** @type {Record<string, [number, number]>} */
    const values = {};
    /** @type {Record<string, [number, number]>} */
    const parts = {};
    const value = (/** @type {string} */ key, /** @type {number} */ axis) =>
      values[key]?.[axis] ?? this.known(key, step, axis);
    const both = (/** @type {Term} */ term) =>
      /** @type {[number, number]} */ ([evaluate(term, value, 0), evaluate(term, value, 1)]);
    for (const line of form?.lines ?? []) values[line.name] = both(line.term);
    for (const [name, term] of Object.entries(form?.parts ?? {})) parts[name] = both(term);
    return { values, parts };
  }
}

/**
 * Eigenvalues of a symmetric matrix [[a, b], [b, c]], the larger one first, and the angle of its axis.
 * @param {number[]} hessian a, b, c
 */
export function eigen([a, b, c]) {
  const middle = (a + c) / 2;
  const radius = Math.hypot((a - c) / 2, b);
  return { high: middle + radius, low: middle - radius, angle: Math.atan2(2 * b, a - c) / 2 };
}
