// A player in a file of its own, with all that it shows in the file: nothing is asked for, from nowhere.
// The file's first script has unpacked plotly.js by now. What the page's server answers is answered here.

import mount from "./player.js";

/** @typedef {import("./message.js").PlayerMessage} SceneData */

/** @param {{ data: SceneData & { plotly: string }, blobs: Uint8Array[], parent: HTMLElement }} file */
export function play({ data, blobs, parent }) {
  const setTriggerValue = (/** @type {string} */ _name, /** @type {any} */ edit) => {
    const view = { ...data.view, ...edit.view };
    data = { ...data, view };
    show();
  };
  const show = () => mount({ data, parentElement: parent, setTriggerValue });
  for (const blob of blobs) mount({ data: blob, parentElement: parent, setTriggerValue });
  show();
}
