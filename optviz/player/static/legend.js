// Who is who, and each run's numbers at the playhead.

import { READABLE } from "./clock.js";
import { button, element, picture, refill } from "./dom.js";
import { GHOST } from "./flat.js";
import { wholeStep } from "./numbers.js";
import { inFocus, stepAt } from "./scene.js";
import { placed, single } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */

export class Legend {
  /**
   * @param {HTMLElement} root
   * @param {(focus: number) => void} focus what to do when a run is chosen to be looked into
   */
  constructor(root, focus) {
    this.root = root;
    this.focus = focus;
    /** @type {{ run: Run, row: HTMLElement, numbers: HTMLElement }[]} */
    this.rows = [];
    this.against = "steps";
    this.axes = ["x", "y"];
    this.domain = [
      [0, 1],
      [0, 1],
    ];
    this.last = 0;
  }

  /** @param {Scene} scene */
  show(scene) {
    this.against = scene.data.view.against;
    this.axes = scene.data.surface.axes;
    this.domain = scene.data.surface.domain;
    const { view } = scene.data;
    const looking = view.beside !== "curves" || view.marks.length > 0;
    const lookedInto = looking ? inFocus(scene) : null;
    this.rows = scene.runs.map((run) => {
      const numbers = element("span", "optviz-numbers");
      const content = [swatch(run.color, run.dash), element("span", "optviz-name", run.name), numbers];
      const row = button("optviz-run", `Look into ${run.name}`, () => this.focus(run.index), ...content);
      row.setAttribute("aria-pressed", String(run === lookedInto));
      return { run, row, numbers };
    });
    /** @type {Map<string, string[]>} */
    const titles = new Map();
    for (const { ghost, color } of scene.runs) {
      if (ghost) titles.set(ghost.name, [...(titles.get(ghost.name) ?? []), color]);
    }
    const ghosts = Array.from(titles, ([title, colors]) => ghostRow(title, colors));
    const marks = element("div", "optviz-marks");
    marks.append(mark("◆", "start", scene.data.theme.ink));
    if (scene.data.surface.minimizers.length)
      marks.append(
        mark("★", scene.data.surface.searched ? "lowest found" : "minimum", scene.data.theme.gold_letter),
      );
    if (scene.data.surface.undefined) {
      const share = Math.max(1, Math.round(100 * scene.data.surface.undefined));
      marks.append(mark("□", `blank: no finite loss (${share} %)`, scene.data.theme.ink));
    }
    const shares = scene.data.plane?.shares;
    if (shares?.every((share) => share !== null)) {
      const [first, second] = shares.map((share) => `${Math.round(100 * /** @type {number} */ (share))} %`);
      marks.append(
        mark(
          "▱",
          `the plane's directions explain ${first} and ${second} of the variance`,
          scene.data.theme.ink,
        ),
      );
    }
    refill(this.root, [...this.rows.map(({ row }) => row), ...ghosts, marks]);
  }

  /**
   * @param {number} position
   * @param {boolean} playing
   */
  draw(position, playing) {
    const now = performance.now();
    if (playing && now - this.last < READABLE) return;
    this.last = now;
    for (const { run, numbers } of this.rows) {
      const step = wholeStep(stepAt(run, position, this.against));
      const off = run.weights ? ` · ${single(run.weights.off(step))} off the plane` : "";
      numbers.textContent = `loss ${single(run.loss[step], 4)}${off}`;
      const point = [run.x[step], run.y[step]].map((value, axis) => {
        const [low, high] = this.domain[axis];
        return `${this.axes[axis]} ${placed(value, 1000 / (high - low), 7)}`;
      });
      numbers.title = `step ${step}: ${point.join(", ")}, gradient norm ${single(run.gradient[step])}`;
      numbers.dataset.step = String(step);
    }
  }
}

/**
 * Another convention, with the colours of all runs that it is drawn for.
 * @param {string} name
 * @param {string[]} colors
 */
function ghostRow(name, colors) {
  return element("div", "optviz-run optviz-ghost", ...colors.map((color) => swatch(color, GHOST.dash)), name);
}

/**
 * A piece of a competitor's line.
 * @param {string} color
 * @param {number[]} dash in widths
 */
export function swatch(color, dash) {
  const places = { x1: "1", y1: "5", x2: "29", y2: "5" };
  const style = {
    stroke: color,
    "stroke-width": "3",
    "stroke-dasharray": dash.map((length) => 2.4 * length).join(" "),
  };
  const created = picture("0 0 30 10", "line", { ...places, ...style });
  created.setAttribute("class", "optviz-swatch");
  return created;
}

/**
 * @param {string} sign
 * @param {string} name
 * @param {string} color
 */
function mark(sign, name, color) {
  const drawn = element("span", "", sign);
  drawn.style.color = color;
  drawn.setAttribute("aria-hidden", "true");
  return element("span", "", drawn, ` ${name}`);
}
