// Which of the declared controls are of use as a scene is looked at.

/** @typedef {import("./message.js").ControlData} ControlData */
/** @typedef {import("./scene.js").Scene} Scene */

/**
 * What is shown of a control: a value is one of the view's, or several.
 * @typedef {ControlData & { now: string | string[] }} Offered
 */

/**
 * The controls of a place that are of use as a scene is looked at.
 * @param {Scene["data"]} data
 * @param {ControlData["place"]} place
 * @returns {Offered[]}
 */
export function offeredControls({ controls, view: looked }, place) {
  const view = /** @type {Record<string, string | string[]>} */ (/** @type {unknown} */ (looked));
  return controls
    .filter((control) => control.place === place)
    .filter(({ when }) => Object.entries(when).every(([name, some]) => isOneOf(view[name], some)))
    .map((control) => ({ ...control, now: known(view[control.name], control.options) }));
}

/**
 * @param {string | string[]} value one, or several of which any counts
 * @param {string[]} some
 */
function isOneOf(value, some) {
  return [value].flat().some((single) => some.includes(single));
}

/**
 * A choice that is no longer there, such as a convention that no competitor has, is the first that is.
 * @param {string | string[]} value
 * @param {ControlData["options"]} options
 */
function known(value, options) {
  return Array.isArray(value) || options.some((option) => option.value === value) ? value : options[0].value;
}
