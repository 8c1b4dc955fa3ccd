// What one step of the run in focus did: torch's numbers, and how the rule leads from one to the next.

import { READABLE } from "./clock.js";
import { copied } from "./code.js";
import { button, element, heading } from "./dom.js";
import { apart, latex, mathml, numberTeX, SUM, symbolML, tag, write } from "./formula.js";
import { swatch } from "./legend.js";
import { wholeStep } from "./numbers.js";
import { eigen } from "./steps.js";
import { placed, precise, single } from "./ticks.js";

/** @typedef {import("./scene.js").Run} Run */
/** @typedef {import("./steps.js").Steps} Steps */
/** @typedef {import("./message.js").RuleLine} Line */

export class Inspector {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {{ data: object, run: string, form: object | null } | null} */
    this.built = null;
    this.axes = ["x", "y"];
    this.last = 0;
    this.step = -1;
    /** What to set when the step changes. @type {(() => void)[]} */
    this.updates = [];
    /** @type {ReturnType<Steps["derived"]>} */
    this.derived = { values: {}, parts: {} };
  }

  /**
   * Show nothing: what was there is not true any more.
   */
  clear() {
    this.built = null;
    this.root.replaceChildren();
  }

  /**
   * Show the step that begins at `position`, at the end the last one, by the numbers of both its ends.
   * @param {Run} run
   * @param {number} position in steps
   * @param {boolean} playing
   * @param {[string, string]} axes what the two numbers are called
   */
  draw(run, position, playing, axes) {
    const { steps } = run;
    if (!steps) return this.clear(); // they are on their way
    this.axes = axes;
    const now = performance.now();
    if (playing && now - this.last < READABLE) return;
    const step = Math.min(wholeStep(position), steps.n - 1);
    // Built for these steps, this name and colour, and this kind of step.
    const form = steps.form(Math.max(step, 0));
    const of = `${run.name} ${run.color}`;
    const same = this.built?.data === steps.data && this.built.run === of && this.built.form === form;
    if (same && step === this.step) return;
    this.last = now;
    this.step = step;
    if (step >= 0) this.derived = steps.derived(step);
    if (!same) this.build(run, steps);
    this.built = { data: steps.data, run: of, form };
    for (const update of this.updates) update();
  }

  /**
   * @param {Run} run
   * @param {Steps} steps
   */
  build(run, steps) {
    this.updates = [];
    const title = element("span");
    const name = element("strong", "", run.name);
    const head = element("p", "optviz-step-name", swatch(run.color, run.dash), name, title);
    if (steps.n === 0) {
      this.root.replaceChildren(head, element("p", "optviz-hint", "This run took no step."));
      return;
    }
    this.updates.push(() => {
      const [from, to, all] = [this.step, this.step + 1, steps.n].map((step) => step.toLocaleString("en"));
      title.textContent = ` from step ${from} to step ${to} of ${all}`;
    });
    this.root.replaceChildren(
      element("div", "", head, this.table(run, steps)),
      element("div", "", ...this.derivation(steps)),
    );
  }

  /**
   * Torch's numbers.
   * @param {Run} run
   * @param {Steps} steps
   */
  table(run, steps) {
    const table = element("table");
    // Nothing stands above the names of the rows.
    table
      .createTHead()
      .insertRow()
      .append(element("td"), ...this.axes.map((text) => heading("col", text)));
    const body = table.createTBody();
    const rule = steps.data.rule;
    /**
     * @param {string} name
     * @param {string} help
     * @param {() => (number | string)[]} numbers
     * @param {string} key
     */
    const row = (name, help, numbers, key = "") => {
      const line = body.insertRow();
      const label = heading("row", name);
      label.title = help;
      const symbol = rule?.symbols[key];
      if (symbol) label.append(" ", math(symbolML(symbol)));
      line.append(label);
      line.dataset.name = name;
      const width = numbers().length;
      const cells = Array.from({ length: Math.min(width, 2) }, () => line.insertCell());
      if (width === 1) cells[0].colSpan = 2;
      this.updates.push(() => {
        const values = numbers();
        for (const [place, cell] of cells.entries()) {
          // More than two numbers share the last cell.
          const shown = place === 1 ? values.slice(1) : [values[place]];
          cell.textContent = shown
            .map((value) =>
              typeof value === "string" ? value : steps.data.double ? precise(value, 7) : single(value, 7),
            )
            .join(", ");
        }
      });
    };
    const at = (/** @type {string} */ name, next = 0) => steps.at(name, this.step + next);
    const extent = steps.extent("theta");
    const point = (/** @type {number} */ next) =>
      at("theta", next).map((value, axis) => placed(value, 1000 / extent[axis], 7));
    row("point before", "θ before the step", () => point(0), "theta");
    row("loss’s gradient", "The surface's own gradient there", () => at("gradient"));
    row("gradient given", "What torch was given: with noise and clipping", () => at("given"), "given");
    for (const name of steps.data.state) {
      row(name, `torch's state “${name}” after the step`, () => at(`state.${name}`), name);
    }
    const use = steps.data.lr && `: this optimizer ${steps.data.lr}`;
    row("lr", `The learning rate that entered this step${use}`, () => [rate(steps, this.step)], "lr");
    for (const name of ["momentum", "betas"]) {
      if (steps.has(name)) row(name, "A scheduler moves it", () => at(name), name);
    }
    row("update", "What torch added to the point", () =>
      at("theta", 1).map((after, k) => after - at("theta")[k]),
    );
    row("point after", "θ after the step", () => point(1), "after");
    const losses = () => [run.loss[this.step], run.loss[this.step + 1]];
    row("loss", "The surface's own loss, before and after", () => [pair(losses(), " → ")]);
    const curvature = () => {
      const { high, low } = eigen(at("hessian"));
      return [Number.isFinite(high) ? pair([high, low], " and ") : "none here"];
    };
    row(
      "curvature",
      "The eigenvalues of the Hessian at the point before: how fast the slope changes along its two axes",
      curvature,
    );
    const { stability } = steps.data;
    if (stability) {
      const { formula, sees, words } = stability;
      if (sees !== "curvature")
        row(sees, "The largest eigenvalue of the Hessian as this optimizer's steps see it", () =>
          at("sharpness"),
        );
      row(`stability limit ${formula}`, words, () => at("limit"));
    }
    if (steps.data.unrecorded.length) {
      row("not recorded", "Lists that torch keeps", () => [steps.data.unrecorded.join(", ")]);
    }
    return table;
  }

  /**
   * The rule line by line, as it is written and with the numbers of the step.
   * @param {Steps} steps
   */
  derivation(steps) {
    const { rule } = steps.data;
    const form = steps.form(this.step);
    if (!rule || !form) {
      const words = "optviz has no derivation of this optimizer’s rule: above is what torch keeps and did.";
      return [element("p", "optviz-hint", words)];
    }
    const copy = button("optviz-plain", "", () => copied(copy, this.latex(steps)), "Copy as LaTeX");
    const title = element("h2", "", "How torch computed it", copy);
    const list = element("ol", "optviz-lines");
    list.tabIndex = 0; // long lines are scrolled, with the keyboard too
    list.setAttribute("aria-label", "The rule, line by line");
    for (const line of form.lines) list.append(this.line(line, steps));
    const check = element("p", "optviz-hint");
    this.updates.push(() => (check.textContent = this.check(steps)));
    return [title, list, check];
  }

  /**
   * @param {Line} line
   * @param {Steps} steps
   */
  line(line, steps) {
    const symbols = /** @type {import("./message.js").Rule} */ (steps.data.rule).symbols;
    const item = element("li", "", element("span", "optviz-hint", line.words));
    item.dataset.name = line.name;
    const symbolic = mathml((leaf) =>
      typeof leaf === "number" ? tag("mn", precise(leaf)) : symbolML(symbols[leaf]),
    );
    item.append(math(symbolML(symbols[line.name]), tag("mo", "="), write(line.term, symbolic)));
    for (const axis of line.scalar ? steps.data.trained.slice(0, 1) : steps.data.trained) {
      const numbers = mathml((leaf, rank) => {
        const node = tag("mn");
        this.updates.push(() => (node.textContent = bracketed(this.value(leaf, axis, steps), rank)));
        return node;
      });
      const result = tag("mn");
      result.setAttribute("class", "optviz-result");
      this.updates.push(() => (result.textContent = precise(this.value(line.name, axis, steps), 6)));
      const label = line.scalar ? [] : [tag("mi", this.axes[axis]), tag("mo", ":")];
      item.append(math(...label, write(apart(line.term), numbers), tag("mo", "="), result));
    }
    return item;
  }

  /**
   * The number that stands for a leaf of a formula in the step that is shown.
   * @param {number | string} leaf
   * @param {number} axis
   * @param {Steps} steps
   */
  value(leaf, axis, steps) {
    if (typeof leaf === "number") return leaf;
    const [key, place] = leaf.split("@"); // as `apart` has it
    const at = place ? Number(place) : axis;
    return this.derived.values[key]?.[at] ?? steps.known(key, this.step, at);
  }

  /**
   * How far the derivation is from what torch did.
   * @param {Steps} steps
   */
  check(steps) {
    const gaps = steps.data.trained.map((axis) =>
      Math.abs(this.derived.values.after[axis] - steps.on("theta", this.step + 1, axis)),
    );
    const most = Math.max(...gaps);
    if (most === 0) return "This derivation and torch’s own step agree in every digit.";
    if (!Number.isFinite(most)) return "The numbers are not finite any more.";
    const words = `This derivation and torch’s own step differ by ${precise(most, 1)}`;
    const moved = steps.data.trained.map((axis) => Math.abs(this.derived.values.after[axis]));
    const rounding = most <= (steps.data.double ? 1e-10 : 1e-4) * Math.max(...moved, 1e-3);
    if (!rounding) return `${words}, which is more than rounding: trust torch’s numbers above.`;
    return `${words}: ${steps.data.double ? "rounding of float64" : "torch rounds to float32"}.`;
  }

  /**
   * The derivation of the step that is shown, as LaTeX.
   * @param {Steps} steps
   */
  latex(steps) {
    const { symbols } = /** @type {import("./message.js").Rule} */ (steps.data.rule);
    const rows = [];
    for (const line of steps.form(this.step)?.lines ?? []) {
      const inLatex = (/** @type {string} */ key) => symbols[key][3];
      rows.push(`${inLatex(line.name)} &= ${write(line.term, latex(inLatex))}`);
      for (const axis of line.scalar ? steps.data.trained.slice(0, 1) : steps.data.trained) {
        const numbers = latex((key) => numberTeX(this.value(key, axis, steps)));
        const label = line.scalar ? "" : `${this.axes[axis]}\\colon\\quad `;
        const result = numberTeX(this.value(line.name, axis, steps));
        rows.push(`${label}&\\phantom{=} ${write(apart(line.term), numbers)} = ${result}`);
      }
    }
    return `\\begin{aligned}\n${rows.join(" \\\\\n")}\n\\end{aligned}`;
  }
}

/**
 * The learning rate that entered a step.
 * @param {Steps} steps
 * @param {number} step
 */
function rate(steps, step) {
  const used = steps.has("used_lr") ? steps.at("used_lr", step)[0] : steps.setting("lr", step);
  return Number.isNaN(used) ? "not used" : used;
}

/**
 * A number inside a formula.
 * @param {number} value
 * @param {number} rank how tightly it has to hold together
 */
function bracketed(value, rank) {
  const text = precise(value);
  return rank > SUM && (text.startsWith("−") || text.includes("e")) ? `(${text})` : text;
}

/**
 * @param {number[]} numbers
 * @param {string} between
 */
function pair(numbers, between) {
  return numbers.map((value) => single(value, 5)).join(between);
}

/** @param {Element[]} parts */
function math(...parts) {
  return tag("math", tag("mrow", ...parts));
}
