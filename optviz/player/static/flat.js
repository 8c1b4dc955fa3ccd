// The paths seen from above: on the axes of the contours, with what is drawn at a head and other conventions.

import { arrowsOf, drawArrows, drawCurvature } from "./arrows.js";
import { badge } from "./canvas.js";
import { onScreen } from "./frame.js";
import { wholeStep } from "./numbers.js";
import { clip, Paths } from "./paths.js";
import { stepAt } from "./scene.js";
import { SEEN, screenPath, within } from "./screenpath.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").Run} Run */
/** @typedef {import("./frame.js").Frame} Frame */
/** @typedef {import("./screenpath.js").Box} Box */
/** @typedef {import("./screenpath.js").ScreenPath} ScreenPath */
/** @typedef {import("./screenpath.js").Placement} Placement */

/** Pixels around the box within which lines are drawn whole, so that dashes run on. */
const AROUND = 200;
/** Pixels inside the box that an arrow stands which points at what is out of sight. */
const INSIDE = 9;
/** The lines of another convention, in pixels and in widths. */
export const GHOST = { halo: 3.5, width: 1.6, dash: [1, 2] };

/**
 * The world is the screen.
 * @param {Frame} frame
 * @returns {Placement}
 */
export function placementOf(frame) {
  const { box } = frame;
  const larger = (/** @type {number} */ by) =>
    /** @type {Box} */ (box.map((edge, side) => edge + (side < 2 ? -by : by)));
  return {
    box,
    area: larger(0.5), // what lies on the edge is not lost to rounding
    lines: larger(AROUND),
    rim: larger(-INSIDE),
    world: ({ n, x, y }) => {
      const world = { x: new Float64Array(n + 1), y: new Float64Array(n + 1), z: new Float64Array(n + 1) };
      for (let k = 0; k <= n; k++) [world.x[k], world.y[k]] = onScreen(frame, x[k], y[k]);
      return world;
    },
    at: (x, y) => onScreen(frame, x, y),
    height: () => 0,
    screen: (x, y, z) => [x, y, z],
    sees: () => true,
    pieces: () => 1,
  };
}

export class FlatPaths extends Paths {
  /** @param {import("./canvas.js").Stage} stage */
  constructor(stage) {
    super(stage);
    this.canvas.element.className = "optviz-paths";
    /** Of other conventions, with the place of their run. @type {[number, ScreenPath][]} */
    this.ghosts = [];
    /** @type {Frame | null} */
    this.frame = null;
    /** The place of the run whose step is looked into. */
    this.focus = 0;
    /** What is drawn at its head. @type {import("./arrows.js").Arrow[]} */
    this.arrows = [];
  }

  /**
   * Put the paths of a scene where the axes are now.
   * @param {Scene} scene
   * @param {Frame} frame
   * @param {number} width
   * @param {number} height
   */
  place(scene, frame, width, height) {
    this.canvas.resize(width, height);
    this.frame = frame;
    const placement = placementOf(frame);
    this.lay(scene, placement);
    this.ghosts = scene.runs.flatMap((run, k) =>
      run.ghost
        ? [/** @type {[number, ScreenPath]} */ ([k, screenPath({ ...run, ...run.ghost }, placement)])]
        : [],
    );
  }

  /**
   * The paths of other conventions, as far as the runs themselves: dotted, and at the head it is said what they
   * are not.
   * @param {Placement} placement
   * @param {number[]} steps
   */
  drawBeneath(placement, steps) {
    const { context, stage } = this.canvas;
    for (const [k, path] of this.ghosts) {
      const { run } = path;
      const step = Math.min(steps[k], run.n);
      const whole = context.globalAlpha;
      context.globalAlpha = 0.85 * whole;
      this.line(path, 0, step, SEEN, stage.theme.halo, GHOST.halo);
      this.line(path, 0, step, SEEN, run.color, GHOST.width, GHOST.dash);
      context.globalAlpha = whole;
      const [x, y] = this.where(path, step).spot;
      badge(this.canvas, "not torch", x, y, placement.box, run.color);
    }
  }

  /**
   * What is drawn at the head of the run in focus: it belongs to the step that begins at the last whole one, at
   * the end to the last.
   * @param {Scene} scene
   * @param {Placement} placement
   * @param {number[]} positions
   * @param {boolean} pale
   */
  drawAbove({ data: { view, theme, surface, start } }, { box }, positions, pale) {
    this.arrows = [];
    const path = this.screenPaths[this.focus];
    const frame = /** @type {Frame} */ (this.frame);
    if (pale || !path?.run.steps || !view.marks.length || path.run.n === 0) return;
    const { steps, n } = path.run;
    const step = Math.min(wholeStep(positions[this.focus]), n - 1);
    const [x, y] = [path.x[step], path.y[step]];
    if (!within(x, y, box)) return;
    const { context } = this.canvas;
    context.save();
    clip(context, box);
    if (view.marks.includes("curvature")) drawCurvature(this.canvas, frame, x, y, steps, step);
    const size = Math.min(box[2] - box[0], box[3] - box[1]);
    this.arrows = arrowsOf(steps, step, view, surface.domain, frame, size, theme);
    drawArrows(this.canvas, frame, x, y, this.arrows, onScreen(frame, ...start));
    context.restore();
  }

  /**
   * The nearest drawn step to a place on the screen, within some pixels.
   * @param {number} px
   * @param {number} py
   * @param {number} position
   * @returns {{ run: Run, step: number, x: number, y: number } | null}
   */
  nearest(px, py, position) {
    let best = null;
    let least = 9 * 9;
    const against = this.scene?.data.view.against ?? "steps";
    for (const { run, x, y } of this.screenPaths) {
      const last = stepAt(run, position, against);
      for (let k = 0; k <= last; k++) {
        const distance = (x[k] - px) ** 2 + (y[k] - py) ** 2;
        if (distance < least) {
          least = distance;
          best = { run, step: k, x: x[k], y: y[k] };
        }
      }
    }
    return best;
  }
}
