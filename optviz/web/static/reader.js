// The bar of a lesson: back and next, how deep to read, presenting. Keys do the same.

import { oneOf } from "../optviz.player/choices.js";
import { appended, button, element, refill } from "../optviz.player/dom.js";
import { toggleFullScreen } from "../optviz.player/fullscreen.js";
import { mounted } from "../optviz.player/mounted.js";

/** @typedef {import("./message.js").ReaderMessage} Data */

/** The chosen depth of reading is kept in the browser. */
const DEPTH = "optviz-depth";
const DEPTHS = { words: "Words", formulas: "+ formulas", code: "+ code" };
/** Milliseconds after which what was asked for is not waited for any more. */
const PATIENCE = 4000;

/** @param {{ data: Data, parentElement: HTMLElement, setTriggerValue: (name: string, value: unknown) => void }} mount */
export default function mount({ data, parentElement, setTriggerValue }) {
  const [bar, leave] = mounted(parentElement, Bar);
  bar.send = (page) => setTriggerValue("go", page);
  bar.show(data);
  return leave;
}

class Bar {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = appended(parent, "nav", "optviz-reader");
    this.root.setAttribute("aria-label", "Lesson");
    this.send = (/** @type {string} */ _page) => {};
    /** @type {Data | null} */
    this.data = null;
    /** The page that the server was asked for and has not shown yet. */
    this.asked = { page: "", at: 0 };
    this.back = button("", "Previous page (b)", () => this.move(-1), "Back");
    this.dots = element("div", "optviz-pages");
    this.next = button("optviz-next", "Next page (n)", () => this.move(1), "Next");
    appended(this.root, "div", "optviz-turn", this.back, this.dots, this.next);
    this.more = appended(this.root, "div", "optviz-reader");
    this.said = appended(this.root, "span", "optviz-said");
    this.said.setAttribute("aria-live", "polite");
    this.ends = new AbortController();
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.ends.signal });
    document.addEventListener("fullscreenchange", () => this.showMore(), { signal: this.ends.signal });
    deepen(remembered());
  }

  /** @param {Data} data */
  show(data) {
    const before = this.data;
    this.data = data;
    const { lesson, place, pages, after } = data;
    const now = place === null ? null : pages[place];
    if (this.asked.page === now?.name) this.asked = { page: "", at: 0 };
    if (before && before.pages[before.place ?? 0]?.name !== now?.name) toTheTop();
    this.back.disabled = place === 0;
    this.back.hidden = place === null;
    this.next.disabled = place !== null && place + 1 === pages.length && !after;
    const last = place !== null && place + 1 === pages.length;
    this.next.textContent = place === null ? "Page by page" : last && after ? `Next: ${after.title}` : "Next";
    this.said.textContent = now
      ? `${lesson}, page ${(place ?? 0) + 1} of ${pages.length}: ${now.title}`
      : lesson;
    this.showDots();
    this.showMore();
  }

  showDots() {
    const { place, pages } = /** @type {Data} */ (this.data);
    const shown = place === null ? [] : pages;
    const dots = shown.map(({ name, title }, k) => {
      const label = `${k + 1}. ${title}`;
      const dot = button("", label, () => this.go(name));
      dot.setAttribute("aria-label", label);
      if (k === place) dot.setAttribute("aria-current", "page");
      return dot;
    });
    refill(this.dots, dots);
  }

  showMore() {
    const { place, whole } = /** @type {Data} */ (this.data);
    const focused = /** @type {HTMLElement | null} */ (this.more.querySelector(":focus"));
    const again =
      focused instanceof HTMLInputElement ? `[value="${focused.value}"]` : `[title="${focused?.title}"]`;
    this.more.replaceChildren();
    const help = "How deep to read. It is remembered in this browser.";
    const options = Object.entries(DEPTHS).map(([value, called]) => ({ value, called }));
    oneOf(this.more, { label: "Read", help, options, now: remembered() }, "depth", remember);
    const full = document.fullscreenElement !== null;
    const add = (/** @type {string} */ text, /** @type {string} */ title, /** @type {() => void} */ act) =>
      this.more.append(button("", title, act, text));
    if (place !== null) {
      const words = full ? "End presenting" : "Present";
      const fill = () => toggleFullScreen(document.documentElement);
      add(words, "Full screen in large type; Page Up and Down turn pages", fill);
      add("Whole lesson", "All pages of the lesson, to print or to read at a stretch", () => this.go(whole));
    } else add("Print", "Print the lesson", () => print());
    add("All lessons", "Back to the gallery of lessons", () => this.go("lessons"));
    if (focused) /** @type {HTMLElement | null} */ (this.more.querySelector(again))?.focus();
  }

  /** @param {string} page */
  go(page) {
    this.asked = { page, at: performance.now() };
    this.send(page);
  }

  /** Which page is read, or will be in a moment: quick presses count from there. */
  place() {
    const { place, pages } = /** @type {Data} */ (this.data);
    const waits = performance.now() - this.asked.at < PATIENCE;
    const asked = waits ? pages.findIndex(({ name }) => name === this.asked.page) : -1;
    return asked < 0 ? place : asked;
  }

  /** @param {number} by */
  move(by) {
    const { pages, after } = /** @type {Data} */ (this.data);
    const place = this.place();
    const to = place === null ? pages[0] : (pages[place + by] ?? (by > 0 ? after : null));
    if (to) this.go(to.name);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    if (
      target instanceof Element &&
      target.closest("input:not([type=radio]):not([type=range]), textarea, select, [role=dialog]")
    )
      return;
    const presenting = document.fullscreenElement !== null;
    const by = { n: 1, b: -1, ...(presenting ? { PageDown: 1, PageUp: -1 } : {}) }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.move(by);
  }

  remove() {
    this.ends.abort();
    this.root.remove();
  }
}

/** How deep this browser's reader reads: where nothing can be kept, as deep as now. */
function remembered() {
  const now = document.documentElement.dataset.optvizDepth ?? "words";
  try {
    const depth = localStorage.getItem(DEPTH) ?? now;
    return depth in DEPTHS ? depth : "words";
  } catch {
    return now;
  }
}

/** @param {string} depth */
function remember(depth) {
  deepen(depth);
  try {
    localStorage.setItem(DEPTH, depth);
  } catch {
    // A browser may keep nothing: then it holds until the page is left.
  }
}

/** @param {string} depth */
function deepen(depth) {
  document.documentElement.dataset.optvizDepth = depth;
}

function toTheTop() {
  document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
}
