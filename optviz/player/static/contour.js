// The surface: contours drawn once by plotly.js, and the axes that everything above them follows.

import { equalUnits, frameOf, shapeOf, wholeOf } from "./frame.js";
import { Plot } from "./plot.js";
import { lastAtMost } from "./search.js";

/** @typedef {import("./scene.js").Scene} Scene */

/** On the right there is room for the colour bar: plotly would take it from the picture. */
const MARGIN = { l: 54, r: 76, t: 10, b: 44 };
/** The picture is as high as its units say, but leaves room for what stands above and below it. */
const MOST_OF_WINDOW = 0.68;
const MOST_OF_SCREEN = 0.76;

export class Contour {
  /**
   * @param {HTMLElement} element an empty one
   * @param {import("./canvas.js").Stage} stage
   * @param {(led: boolean) => void} moved what to do when the axes have changed; whether somebody moved them
   */
  constructor(element, stage, moved) {
    this.element = element;
    this.stage = stage;
    this.moved = moved;
    this.plot = new Plot(element);
    /** The surface and colours that are drawn, and those that have been once drawing ends. */
    this.drawn = "";
    this.settled = "";
    /** What is seen of it without a zoom. @type {[number, number][]} */
    this.whole = [];
    /** @type {Scene | null} */
    this.scene = null;
  }

  /**
   * Draw the surface of `scene`, unless it is there already. Zoom stays on the same surface.
   * @param {Scene} scene
   * @param {string} version of plotly.js
   * @param {number[][] | null} ranges to begin with, where another picture of the surface has been zoomed
   */
  async show(scene, version, ranges = null) {
    const { surface, theme } = scene.data;
    const whole = wholeOf(scene);
    const wanted = `${surface.digest} ${surface.axes} ${whole} ${equalUnits(scene)} ${theme.paper} ${this.stage.scale}`;
    const zoom = this.zoomFor(surface.name, whole) ?? ranges;
    this.scene = scene;
    this.version = version;
    if (!(await this.plot.ready(version)) || this.scene !== scene || this.drawn === wanted) return;
    this.drawn = wanted;
    this.name = surface.name;
    this.whole = whole;
    const config = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false };
    await this.plot.react([trace(scene, this.stage.scale)], this.layout(scene, zoom), config);
    this.settled = wanted;
    if (!this.listening) {
      this.listening = true;
      this.plot.onMoved(this.moved);
    }
    this.moved(false);
  }

  /** The drawn ranges of x and y; null before anything is drawn. */
  ranges() {
    return this.plot.axes?.map(({ range }) => range) ?? null;
  }

  /**
   * Show these ranges of x and y, if they are others.
   * @param {number[][] | null} ranges
   */
  follow(ranges) {
    const now = this.ranges();
    if (!now || !ranges) return;
    const apart = now.some((range, axis) =>
      range.some((end, side) => Math.abs(end - ranges[axis][side]) > 1e-9 * Math.abs(range[1] - range[0])),
    );
    if (apart) this.plot.relayout({ "xaxis.range": ranges[0], "yaxis.range": ranges[1] });
  }

  /** Where data is on the screen; null while the surface is not drawn yet: no path lies on another's axes. */
  frame() {
    if (!this.drawn || this.settled !== this.drawn) return null;
    const { axes } = this.plot;
    return axes && frameOf(axes);
  }

  /**
   * The zoom that stays where a surface is drawn anew; null where there is none.
   * @param {string} name of the surface
   * @param {number[][]} whole what is seen of it without a zoom
   */
  zoomFor(name, whole) {
    return this.name === name && String(this.whole) === String(whole) && this.zoomed ? this.ranges() : null;
  }

  /** Fit the size of the element, if that has changed. */
  fit() {
    if (!this.drawn || !this.scene || !this.version) return;
    this.show(this.scene, this.version); // in case that its type has another size now
    const size = this.size(this.scene);
    const { layout } = this.plot.element;
    if (layout && (layout.width !== size.width || layout.height !== size.height)) this.plot.relayout(size);
  }

  /**
   * Show a factor more or less around the middle; without a factor, the whole domain.
   * @param {number} [factor]
   */
  zoom(factor) {
    const now = this.ranges();
    if (!now) return;
    const [x, y] = factor
      ? now.map(([low, high]) => [
          (low + high) / 2 - (factor * (high - low)) / 2,
          (low + high) / 2 + (factor * (high - low)) / 2,
        ])
      : this.whole;
    this.plot.relayout({ "xaxis.range": x, "yaxis.range": y });
  }

  /** Whether less or more than the whole domain is shown. */
  get zoomed() {
    const now = this.ranges();
    if (!now) return false;
    return now.some((range, axis) => {
      const whole = this.whole[axis];
      return range.some((end, side) => Math.abs(end - whole[side]) > 0.01 * (whole[1] - whole[0]));
    });
  }

  /** Take everything away that plotly holds. */
  purge() {
    this.plot.purge();
  }

  /**
   * @param {Scene} scene
   * @returns {{ width: number, height: number, margin: { l: number, r: number, t: number, b: number } }}
   */
  size(scene) {
    const ratio = shapeOf(scene);
    const width = Math.max(this.element.clientWidth, 200);
    const [l, r, t, b] = [MARGIN.l, MARGIN.r, MARGIN.t, MARGIN.b].map((side) => side * this.stage.scale);
    const share = document.fullscreenElement ? MOST_OF_SCREEN : MOST_OF_WINDOW;
    const most = Math.max(240, share * globalThis.innerHeight) - t - b;
    const inner = Math.min(width - l - r, most / ratio);
    return {
      width,
      height: Math.round(inner * ratio) + t + b,
      margin: { l, r: width - l - Math.round(inner), t, b },
    };
  }

  /**
   * @param {Scene} scene
   * @param {number[][] | null} zoom
   */
  layout(scene, zoom) {
    const { surface, theme } = scene.data;
    const [x, y] = zoom ?? this.whole;
    const axis = {
      gridcolor: theme.faint,
      zeroline: false,
      linecolor: theme.faint,
      ticks: "outside",
      tickcolor: theme.faint,
      constrain: "range",
    };
    // Far from 0, "1.000000000005B" is no number for people.
    const digits = (/** @type {number} */ k) => {
      const [low, high] = surface.domain[k];
      return Math.max(Math.abs(low), Math.abs(high)) > 1000 * (high - low) ? { exponentformat: "none" } : {};
    };
    const title = (/** @type {string} */ text) => ({
      text,
      standoff: 4,
      font: { size: 14 * this.stage.scale },
    });
    return {
      ...this.size(scene),
      xaxis: { ...axis, ...digits(0), range: [...x], title: title(surface.axes[0]) },
      yaxis: {
        ...axis,
        ...digits(1),
        range: [...y],
        title: title(surface.axes[1]),
        ...(equalUnits(scene) ? { scaleanchor: "x" } : {}),
      },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: theme.ink, size: 13 * this.stage.scale, family: this.stage.family },
      hovermode: false,
      dragmode: "zoom",
      showlegend: false,
    };
  }
}

/**
 * @param {Scene} scene
 * @param {number} scale of the type
 */
function trace(scene, scale) {
  const { surface, theme } = scene.data;
  const { size, domain, levels } = surface;
  const sparse = shapeOf(scene) < 0.5;
  const [nx, ny] = size;
  const scaled = places(scene.losses, levels);
  const labelled = surface.ticks.map((_, place) => place).filter((place) => !sparse || place % 2 === 0);
  return {
    type: "contour",
    x: spaced(domain[0], nx),
    y: spaced(domain[1], ny),
    z: Array.from({ length: ny }, (_, row) => scaled.subarray(row * nx, (row + 1) * nx)),
    // Half a level off, so that the lowest contour is a line around the lowest losses.
    contours: { start: 0.5, end: levels.length - 1.5, size: 0.5, coloring: "fill" },
    colorscale: [
      [0, theme.low],
      [theme.middle_at, theme.middle],
      [1, theme.high],
    ],
    line: { width: 0.6, color: theme.faint },
    hoverinfo: "skip",
    colorbar: {
      title: { text: "loss", side: "top", font: { size: 13 * scale } },
      tickvals: labelled.map((place) => surface.ticks[place]),
      ticktext: labelled.map((place) => surface.labels[place]),
      thickness: 8,
      len: 1,
      y: 1,
      yanchor: "top",
      ypad: 0,
      xpad: 6,
      outlinewidth: 0,
      ticks: "",
    },
  };
}

/**
 * @param {[number, number]} side
 * @param {number} count
 */
function spaced([low, high], count) {
  return Float64Array.from({ length: count }, (_, place) => low + ((high - low) * place) / (count - 1));
}

/**
 * Each loss's place among the levels: plotly draws evenly spaced levels only. The map is monotone, so the
 * lines are the lines of those losses.
 * @param {import("./scene.js").Numbers} losses
 * @param {number[]} levels ascending
 */
export function places(losses, levels) {
  const last = levels.length - 1;
  return losses.map((loss) => {
    if (!Number.isFinite(loss)) return Number.NaN;
    if (loss <= levels[0]) return 0;
    if (loss >= levels[last]) return last;
    const low = lastAtMost(levels, loss);
    return low + (loss - levels[low]) / (levels[low + 1] - levels[low]);
  });
}
