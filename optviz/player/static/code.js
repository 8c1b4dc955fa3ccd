// The training loop as code, with the line lit that runs while the playhead moves through a step.

import { appended, button, element } from "./dom.js";
import { wholeStep } from "./numbers.js";

/** @typedef {import("./message.js").CodeLine} Line */

/** In the order in which they run: each takes the same share of a step. */
export const PHASES = ["zero_grad", "forward", "backward", "step"];

/**
 * Which phase of a step runs, and how much of the way has been gone: the point only moves in the last one.
 * @param {number} position
 */
export function phaseAt(position) {
  const whole = wholeStep(position);
  const part = Math.max(position - whole, 0);
  const phase = Math.min(Math.floor(part * PHASES.length), PHASES.length - 1);
  return { phase: PHASES[phase], moved: whole + Math.max(part * PHASES.length - (PHASES.length - 1), 0) };
}

export class Code {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {{ line: HTMLElement, phase: string }[]} */
    this.lines = [];
    this.shown = "";
    this.lit = "";
    this.copy = button("optviz-plain", "", () => copied(this.copy, this.text), "Copy");
    this.text = "";
  }

  /** @param {Line[]} lines */
  show(lines) {
    const text = lines.map((line) => line.text).join("\n");
    if (text === this.shown) return;
    this.shown = this.text = text;
    this.lit = "";
    const block = element("pre");
    block.tabIndex = 0;
    block.setAttribute("aria-label", "The training loop");
    this.lines = lines.map(({ text, phase }) => ({ line: appended(block, "span", "", `${text}\n`), phase }));
    const hint = element("p", "optviz-hint", "Play at the speed “slow” to see each line run.");
    this.root.replaceChildren(this.copy, block, hint);
  }

  /**
   * @param {number} position
   * @param {boolean} running
   */
  draw(position, running) {
    const lit = running ? phaseAt(position).phase : "";
    if (lit === this.lit) return;
    this.lit = lit;
    for (const { line, phase } of this.lines)
      line.classList.toggle("optviz-lit", phase !== "" && phase === lit);
  }
}

/**
 * Put a text on the clipboard, and say so on the button.
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
export async function copied(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser does not allow it";
  }
  setTimeout(() => (button.textContent = before), 1500);
}
