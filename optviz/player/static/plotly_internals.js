// Uses of plotly.js's internals, which may change with every version of it. Nothing else reaches behind its
// documented functions, events and attributes; `.nsewdrag` in components.css is the one class that is plotly's.
// Each use has a test of its own with the oldest and the newest plotly.js that optviz is for, so that another
// version breaks there first, and with a name.

/**
 * An axis as it is drawn: where it begins and how long it is, in CSS pixels from the element's left or top edge;
 * its range, on a log axis in powers of ten; and where on it a value is, in CSS pixels from its beginning.
 * @typedef {{ start: number, length: number, range: [number, number], pixel: (value: number) => number }} Axis
 */

/**
 * The x axis and the y axis as they are drawn. The layout of the figure has neither their places nor, while
 * somebody drags them, their ranges.
 * @param {any} element
 * @returns {[Axis, Axis] | null} null where none are drawn
 */
export function axesOf(element) {
  const { xaxis, yaxis } = element._fullLayout ?? {};
  return xaxis?._length && yaxis?._length ? [asAxis(xaxis), asAxis(yaxis)] : null;
}

/** @param {any} axis of plotly @returns {Axis} */
function asAxis(axis) {
  const { _offset: start, _length: length, range } = axis;
  return { start, length, range: [range[0], range[1]], pixel: (value) => axis.d2p(value) };
}
