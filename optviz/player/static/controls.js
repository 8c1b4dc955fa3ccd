// Which of the declared controls are offered with a scene, and which of their options.

/** @typedef {import("./message.js").ControlData} ControlData */
/** @typedef {import("./message.js").View} View */
/** @typedef {import("./scene.js").Scene} Scene */

/**
 * What is shown of a control: a value is one of the view's, or several.
 * @typedef {ControlData & { now: string | string[] }} Offered
 */

/**
 * Options that some scenes have nothing to show for, by what they belong to; of the others all can be chosen.
 * @type {Record<string, (data: Scene["data"]) => string[]>}
 */
const MISSING = {
  beside: ({ data, lacks }) => (data ? lacks : [...lacks, "data"]),
  scale: ({ surface }) => (surface.minimum === null ? ["log"] : []),
  // A step of many weights is not taken apart, and random directions are not at right angles.
  marks: ({ plane }) => (plane ? (plane.shares[0] === null ? ["parts", "curvature"] : ["parts"]) : []),
  convention: ({ controls, conventions }) => {
    const differ = ["torch", ...conventions.map(({ name }) => name)];
    const all = controls.find(({ name }) => name === "convention")?.options ?? [];
    return all.map(({ value }) => value).filter((value) => !differ.includes(value));
  },
};

/**
 * The controls that are of use with a scene as it is looked at: there is something to choose.
 * @param {Scene["data"]} data
 * @returns {Offered[]}
 */
export function offeredControls(data) {
  const view = /** @type {Record<string, string | string[]>} */ (/** @type {unknown} */ (data.view));
  return data.controls
    .filter(({ when }) => Object.entries(when).every(([name, some]) => isOneOf(view[name], some)))
    .map((control) => {
      const missing = MISSING[control.name]?.(data) ?? [];
      const options = control.options.filter(({ value }) => !missing.includes(value));
      return { ...control, options, now: known(view[control.name], options) };
    })
    .filter(({ options, several }) => options.length > (several ? 0 : 1));
}

/**
 * @param {string | string[]} value one, or several of which any counts
 * @param {string[]} some
 */
function isOneOf(value, some) {
  return [value].flat().some((one) => some.includes(one));
}

/**
 * A choice that is no longer there, such as a convention that no competitor has, is the first that is.
 * @param {string | string[]} value
 * @param {ControlData["options"]} options
 */
function known(value, options) {
  return Array.isArray(value) || options.some((one) => one.value === value) ? value : options[0].value;
}
