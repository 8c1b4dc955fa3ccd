// Light or dark: as the page is that something stands in. Nobody says so; its background does.

import { appended } from "./dom.js";

/** @typedef {import("./message.js").Scheme} Scheme */

/** What follows the page it stands in from light to dark and back, without the server. */
export class SchemeWatcher {
  /**
   * @param {Element} parent an element of the page
   * @param {() => void} changed what to do when the page has turned
   */
  constructor(parent, changed) {
    this.changed = changed;
    this.patch = appended(parent, "span", "optviz-scheme");
    this.patch.setAttribute("aria-hidden", "true");
    this.scheme = this.read();
    // Whatever turns the page, a menu or the system: the colour of the patch goes over into the new one.
    this.patch.addEventListener("transitionend", () => this.look());
  }

  /** Look again: a page that was hidden meanwhile has sent no event. */
  look() {
    const now = this.read();
    if (now === this.scheme) return;
    this.scheme = now;
    this.changed();
  }

  /** @returns {Scheme} by the relative luminance of the background, roughly */
  read() {
    const color = getComputedStyle(this.patch).backgroundColor;
    const [red = 255, green = 255, blue = 255] = (color.match(/[\d.]+/g) ?? []).map(Number);
    return 0.3 * red + 0.6 * green + 0.1 * blue < 128 ? "dark" : "light";
  }
}
