// Where the data of a picture are on the screen: the one map between units of the axes and pixels.

import { clamp } from "./numbers.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./plotly_internals.js").Axis} Axis */

/**
 * A linear map from data to CSS pixels of the picture. `box` is the plot's left, top, right and bottom edge;
 * `x0` and `y0` are the values at its left and bottom edge, `dx` and `dy` pixels for one unit. Values are
 * measured from the edge, not from 0, which may be a billion widths away.
 * @typedef {{ x0: number, dx: number, y0: number, dy: number, box: [number, number, number, number] }} Frame
 */

/** Largest ratio of a picture's sides with equal units. */
const SLENDER = 5;

/**
 * The map of plotly's axes. Its own is rounded to hundredths of a pixel: no scale may be taken from that.
 * @param {[Axis, Axis]} axes
 * @returns {Frame}
 */
export function frameOf([x, y]) {
  return {
    x0: x.range[0],
    dx: x.length / (x.range[1] - x.range[0]),
    y0: y.range[0],
    dy: y.length / (y.range[0] - y.range[1]),
    box: [x.start, y.start, x.start + x.length, y.start + y.length],
  };
}

/**
 * @param {Frame} frame
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export function onScreen({ x0, dx, y0, dy, box }, x, y) {
  return [box[0] + dx * (x - x0), box[3] + dy * (y - y0)];
}

/**
 * What is at a place on the screen.
 * @param {Frame} frame
 * @param {number} px
 * @param {number} py
 * @returns {[number, number]}
 */
export function inUnits({ x0, dx, y0, dy, box }, px, py) {
  return [x0 + (px - box[0]) / dx, y0 + (py - box[3]) / dy];
}

/**
 * How a vector in units of the axes looks, in pixels to the right and down.
 * @param {Frame} frame
 * @param {ArrayLike<number>} vector
 * @returns {[number, number]}
 */
export function turned({ dx, dy }, vector) {
  return [dx * vector[0], dy * vector[1]];
}

/**
 * Whether a unit is as long on one axis as on the other: only then is a gradient at a right angle to the
 * contours on the screen, too.
 * @param {Scene} scene
 */
export function equalUnits({ data: { surface, view } }) {
  return view.units === "equal" || (view.units === "auto" && surface.natural);
}

/**
 * Height by width of a scene's picture.
 * @param {Scene} scene
 */
export function shapeOf(scene) {
  const { domain, filled } = scene.data.surface;
  if (!equalUnits(scene)) return filled;
  const [width, height] = domain.map(([low, high]) => high - low);
  return clamp(height / width, 1 / SLENDER, SLENDER);
}

/**
 * What a picture shows of its axes: the domain, and more on one axis where equal units leave room beside it.
 * @param {Scene} scene
 * @returns {[number, number][]}
 */
export function wholeOf(scene) {
  const { domain } = scene.data.surface;
  const [width, height] = domain.map(([low, high]) => high - low);
  const shape = shapeOf(scene);
  if (!equalUnits(scene) || shape === height / width) return domain;
  const wanted = [Math.max(width, height / shape), Math.max(height, width * shape)];
  return domain.map(([low, high], axis) => {
    const more = (wanted[axis] - (high - low)) / 2;
    return [low - more, high + more];
  });
}

/**
 * What is to be known about axes that differ in scale; nothing where they do not.
 * @param {Scene} scene
 */
export function unequalWords(scene) {
  if (equalUnits(scene)) return "";
  const [x, y] = scene.data.surface.axes;
  return `${x} and ${y} have different scales here, so right angles do not look right: a gradient does not seem to be at a right angle to its contour.`;
}
