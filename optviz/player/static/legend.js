// Who is who, and each run's numbers at the playhead.

import { GHOST } from "./flat.js";
import { inFocus, stepAt } from "./scene.js";
import { placed, single } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */

/** Milliseconds between two updates of the numbers while it plays: faster ones cannot be read. */
const CALM = 80;
const SVG = "http://www.w3.org/2000/svg";

export class Legend {
  /**
   * @param {HTMLElement} root
   * @param {(focus: number) => void} focus what to do when a run is chosen to be looked into
   */
  constructor(root, focus) {
    this.root = root;
    this.focus = focus;
    /** @type {{ run: Run, numbers: HTMLElement }[]} */
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
      const row = document.createElement("button");
      row.type = "button";
      row.className = "optviz-run";
      row.title = `Look into ${run.name}`;
      row.setAttribute("aria-pressed", String(run === lookedInto));
      row.addEventListener("click", () => this.focus(run.index));
      const name = document.createElement("span");
      name.className = "optviz-name";
      name.textContent = run.name;
      const numbers = document.createElement("span");
      numbers.className = "optviz-numbers";
      row.append(swatch(run.color, run.dash), name, numbers);
      return { run, numbers };
    });
    const focused = [...this.root.children].indexOf(/** @type {Element} */ (document.activeElement));
    /** @type {Map<string, string[]>} */
    const titles = new Map();
    for (const { ghost, color } of scene.runs) {
      if (ghost) titles.set(ghost.name, [...(titles.get(ghost.name) ?? []), color]);
    }
    const ghosts = Array.from(titles, ([title, colors]) => ghostRow(title, colors));
    const marks = document.createElement("div");
    marks.className = "optviz-marks";
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
    this.root.replaceChildren(
      ...this.rows.map(({ numbers }) => /** @type {Element} */ (numbers.parentElement)),
      ...ghosts,
      marks,
    );
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (this.root.children[focused])?.focus();
  }

  /**
   * @param {number} position
   * @param {boolean} playing
   */
  draw(position, playing) {
    const now = performance.now();
    if (playing && now - this.last < CALM) return;
    this.last = now;
    for (const { run, numbers } of this.rows) {
      const step = Math.floor(stepAt(run, position, this.against) + 1e-9);
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
  const row = document.createElement("div");
  row.className = "optviz-run optviz-ghost";
  row.append(...colors.map((color) => swatch(color, GHOST.dash)), name);
  return row;
}

/**
 * A piece of a competitor's line.
 * @param {string} color
 * @param {number[]} dash in widths
 */
export function swatch(color, dash) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "optviz-swatch");
  picture.setAttribute("viewBox", "0 0 30 10");
  picture.setAttribute("aria-hidden", "true");
  const stroke = document.createElementNS(SVG, "line");
  const places = { x1: "1", y1: "5", x2: "29", y2: "5" };
  const style = {
    stroke: color,
    "stroke-width": "3",
    "stroke-dasharray": dash.map((length) => 2.4 * length).join(" "),
  };
  for (const [name, value] of Object.entries({ ...places, ...style })) stroke.setAttribute(name, value);
  picture.append(stroke);
  return picture;
}

/**
 * @param {string} sign
 * @param {string} name
 * @param {string} color
 */
function mark(sign, name, color) {
  const holder = document.createElement("span");
  const drawn = document.createElement("span");
  drawn.textContent = sign;
  drawn.style.color = color;
  drawn.setAttribute("aria-hidden", "true");
  holder.append(drawn, ` ${name}`);
  return holder;
}
