// What only the browser can do when an experiment is shared: copy its address, and draw pictures of figures.

import { appended, button, element } from "../optviz.player/dom.js";
import { loadPlotly } from "../optviz.player/plotly.js";
import { commented } from "./comment.js";

/** @typedef {import("./message.js").LinkMessage} LinkMessage */
/** @typedef {import("./message.js").PictureMessage} Picture */

/** Milliseconds that what has happened is said. */
const SAID = 4000;

/** @param {{ data: LinkMessage | Picture, parentElement: HTMLElement }} mount */
export default function mount({ data, parentElement }) {
  parentElement.querySelector(":scope > .optviz-share")?.remove(); // nothing else: the style stands there, too
  const root = appended(parentElement, "div", "optviz-share");
  if ("link" in data) link(root, data.link);
  else picture(root, data);
  return () => root.remove();
}

/** @param {HTMLElement} root @param {string} query of the address, all of it: what opens by itself may change */
function link(root, query) {
  const address = appended(root, "input");
  address.readOnly = true;
  address.value = new URL(query, location.href).href;
  address.setAttribute("aria-label", "The link");
  address.addEventListener("focus", () => address.select());
  reporting(root, "Copy link", async () => {
    try {
      await navigator.clipboard.writeText(address.value);
    } catch {
      // Only safe origins may write to the clipboard without being asked: then what is selected is copied.
      address.select();
      if (!document.execCommand("copy")) return "Press Ctrl+C";
    }
    return "Copied";
  });
}

/** @param {HTMLElement} root @param {Picture} wanted */
function picture(root, { figure, format, width, height, scale, name, made_with, plotly }) {
  reporting(root, "Download", async () => {
    const library = await loadPlotly(plotly);
    const { data, layout } = structuredClone(figure);
    const how = { format, width, height, scale, imageDataOnly: true };
    const drawn = await library.toImage({ data, layout }, how);
    const anchor = element("a");
    anchor.href = URL.createObjectURL(commented(drawn, format, made_with));
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), SAID);
    return "Downloaded";
  });
}

/**
 * A button that says what came of it.
 * @param {HTMLElement} root
 * @param {string} title
 * @param {() => Promise<string>} act
 */
function reporting(root, title, act) {
  const press = async () => {
    if (pressed.ariaBusy === "true") return;
    pressed.ariaBusy = "true"; // not disabled: that would take the focus out of the dialog, and Escape with it
    said.textContent = "…";
    try {
      said.textContent = await act();
    } catch (error) {
      // A relief needs WebGL, which not every browser has.
      said.textContent = `This browser could not do it. ${error instanceof Error ? error.message : ""}`;
    }
    pressed.ariaBusy = "false";
    setTimeout(() => {
      said.textContent = "";
    }, SAID);
  };
  const pressed = button("", "", press, title);
  const said = element("output");
  root.append(pressed, said);
}
