// The controls of the playhead, with the mouse, a finger or the keyboard.

import { offeredControls } from "./controls.js";
import { appended, button, element, picture } from "./dom.js";
import { plays } from "./fullscreen.js";
import { clamp, wholeStep } from "./numbers.js";

/** @typedef {import("./clock.js").Clock} Clock */
/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./message.js").View} View */

const SPEEDS = [0, 0.25, 0.5, 1, 2, 4, 8, 16];
/** Shapes in a box of 24 by 24. */
const ICONS = {
  start: "M6 5h2.5v14H6zM20 5v14L9.5 12z",
  back: "M15.5 5v14L5 12zM17 5h2.5v14H17z",
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
  forward: "M8.5 5v14L19 12zM4.5 5H7v14H4.5z",
  end: "M15.5 5H18v14h-2.5zM4 5v14l10.5-7z",
  loop: "M7 7h9V4l5 4.5-5 4.5v-3H9v4H6V8.500zM17 17H8v3l-5-4.500 5-4.500v3h7v-4h3v6.500z",
  trail: "M3 17.500l5-5 4 4 8-9 1.500 1.400L12 19.600l-4-4-3.600 3.500z",
  more: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  less: "M5 11h14v2H5z",
  picture: "M3 17l5.500-9 3.500 5.500L14.500 9 21 17zM7 17l1.500-3",
  panels: "M3.500 5h7.500v14H3.500zm2 2v10h3.500V7zM13 5h7.500v14H13zm2 2v10h3.500V7z",
  fill: "M8 3v2H5v3H3V3zM16 3h5v5h-2V5h-3zM3 16h2v3h3v2H3zM19 16h2v5h-5v-2h3z",
  whole: "M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z",
};

export class Transport {
  /**
   * @param {HTMLElement} root
   * @param {Clock} clock
   * @param {{
   *   redraw: () => void, zoom: (factor?: number) => void, look: (view: Partial<View>) => void, fill: () => void,
   * }} acts
   */
  constructor(root, clock, acts) {
    this.root = root;
    this.clock = clock;
    this.fading = false;
    this.playing = true;
    /** Whether keys do nothing: a question comes first. */
    this.locked = false;
    this.unit = "step";
    /** Steps in which every example is seen once, where there are minibatches. @type {number | null} */
    this.epoch = null;
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", "Player");

    this.scrubber = element("input");
    Object.assign(this.scrubber, { type: "range", min: "0", step: "any", title: "The playhead" });
    this.scrubber.setAttribute("aria-label", "Playhead");
    this.scrubber.addEventListener("input", () => this.seek(Math.round(Number(this.scrubber.value))));
    this.label = element("output");
    root.append(element("div", "", this.scrubber, this.label));
    this.playButton = this.button("play", "Play (space)", () => clock.toggle());
    this.playButton.classList.add("optviz-play");
    this.button("start", "To the start (Home)", () => this.seek(0));
    this.button("back", "One step back (←)", () => clock.step(-1));
    this.button("forward", "One step forward (→)", () => clock.step(1));
    this.button("end", "To the end (End)", () => this.seek(clock.end));
    this.speed = appended(root, "select");
    this.speed.title = "Speed ([ slower, ] faster); slow takes a step apart";
    this.speed.setAttribute("aria-label", "Speed");
    for (const speed of SPEEDS)
      this.speed.add(new Option(speed ? `${speed}×` : "slow", String(speed), speed === 1, speed === 1));
    this.speed.addEventListener("change", () => (clock.speed = Number(this.speed.value)));
    this.loop = this.toggle("loop", "Play again and again", (on) => (clock.loop = on));
    this.trail = this.toggle("trail", "Fading trail: only the last 40 steps in full", (on) => {
      this.fading = on;
      acts.redraw();
    });
    const zoom = this.button("more", "Zoom in (or drag over a part of the picture)", () => acts.zoom(0.6));
    this.button("less", "Zoom out", () => acts.zoom(1 / 0.6));
    this.whole = this.button("whole", "The whole surface", () => acts.zoom());
    this.whole.disabled = true;
    zoom.classList.add("optviz-apart");
    /** Of what is chosen among the buttons, by its name. @type {Map<string, HTMLElement>} */
    this.switches = new Map();
    this.full = this.button("fill", "Full screen (f)", acts.fill);
    this.acts = acts;
  }

  /** @param {Scene} scene */
  show(scene) {
    const { view } = scene.data;
    this.unit = view.against === "steps" ? "step" : "evals";
    const { data } = scene.data;
    this.epoch = data?.batch ? Math.ceil(data.inputs.length / data.batch) : null;
    const offered = offeredControls(scene.data, "transport");
    for (const control of offered) this.showSwitch(control);
    for (const [name, toggle] of this.switches)
      toggle.hidden = !offered.some((control) => control.name === name);
  }

  /**
   * A button that is down while the second of two options is chosen.
   * @param {import("./controls.js").Offered} control
   */
  showSwitch({ name, label, options: [up, down], now }) {
    const toggle =
      this.switches.get(name) ??
      this.toggle(/** @type {keyof typeof ICONS} */ (name), label, (on) =>
        this.acts.look({ [name]: on ? down.value : up.value }),
      );
    if (!this.switches.has(name)) this.full.before(toggle);
    this.switches.set(name, toggle);
    toggle.setAttribute("aria-pressed", String(now === down.value));
  }

  /** Show the speed and the repetition that the clock has. */
  restore() {
    this.speed.value = String(this.clock.speed);
    this.loop.setAttribute("aria-pressed", String(this.clock.loop));
  }

  /** @param {boolean} yes whether there is a zoom to go back from */
  zoomed(yes) {
    this.whole.disabled = !yes;
  }

  /** @param {number} shown the position that is shown: the playhead's, or what a pointer looks at */
  draw(shown) {
    const { position, end, playing } = this.clock;
    const whole = wholeStep(shown);
    if (playing !== this.playing) {
      this.playing = playing;
      this.playButton.replaceChildren(icon(playing ? "pause" : "play"));
      this.playButton.title = playing ? "Pause (space)" : "Play (space)";
      this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
    }
    const max = String(end);
    if (this.scrubber.max !== max) this.scrubber.max = max;
    this.scrubber.value = String(position);
    this.scrubber.setAttribute("aria-valuetext", `${this.unit} ${wholeStep(position)} of ${end}`);
    const where = `${this.unit} ${whole.toLocaleString("en")} / ${end.toLocaleString("en")}`;
    this.label.textContent = where + this.inEpochs(Math.min(whole, end - 1));
  }

  /**
   * The epoch of the step that begins at the playhead, counted from 1.
   * @param {number} step
   */
  inEpochs(step) {
    if (!this.epoch || this.unit !== "step") return "";
    return ` · epoch ${(Math.floor(step / this.epoch) + 1).toLocaleString("en")}`;
  }

  /** @param {number} position */
  seek(position) {
    this.clock.stop();
    this.clock.seek(position);
  }

  /**
   * On the whole screen a space plays before anything else can have it: pressed, and let go, which is when
   * buttons act.
   * @param {KeyboardEvent} event
   */
  space(event) {
    if (!plays(event) || event.defaultPrevented) return;
    const choosing = event.target instanceof Element && event.target.closest("[type=radio], [type=checkbox]");
    if (this.locked && choosing) return; // an answer is chosen first
    event.preventDefault();
    event.stopPropagation();
    if (event.type === "keydown" && !event.repeat && !this.locked) this.clock.toggle();
  }

  /**
   * A key that nothing else has a use for.
   * @param {KeyboardEvent} event
   * @param {HTMLElement} player
   */
  key(event, player) {
    const { target } = event;
    if (this.locked || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inside = target instanceof Element && player.contains(target);
    if (!inside && target instanceof Element && target.closest(".optviz-player")) return; // another player's
    // The scrubber is the playhead itself, and takes the same keys as the page.
    if (target !== this.scrubber && target instanceof Element && target !== document.body) {
      if (!inside && target.closest("input, textarea, select, button, summary, [role], [contenteditable], a"))
        return;
      if (inside && target.closest("input, select")) return;
      if (inside && event.key === " " && target.closest("button")) return;
    }
    const acts = /** @type {Record<string, () => void>} */ ({
      " ": () => this.clock.toggle(),
      ArrowLeft: () => this.clock.step(-1),
      ArrowRight: () => this.clock.step(1),
      Home: () => this.seek(0),
      End: () => this.seek(this.clock.end),
      "[": () => this.faster(-1),
      "]": () => this.faster(1),
      f: () => this.acts.fill(),
    });
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {number} by */
  faster(by) {
    const place = SPEEDS.indexOf(this.clock.speed) + by;
    this.clock.speed = SPEEDS[clamp(place, 0, SPEEDS.length - 1)];
    this.speed.value = String(this.clock.speed);
  }

  /**
   * @param {keyof typeof ICONS} name
   * @param {string} title
   * @param {() => void} act
   */
  button(name, title, act) {
    const created = button("", title, act, icon(name));
    created.setAttribute("aria-label", title.replace(/ \(.*/, ""));
    this.root.append(created);
    return created;
  }

  /**
   * @param {keyof typeof ICONS} name
   * @param {string} title
   * @param {(on: boolean) => void} act
   */
  toggle(name, title, act) {
    const created = this.button(name, title, () => {
      const on = created.getAttribute("aria-pressed") !== "true";
      created.setAttribute("aria-pressed", String(on));
      act(on);
    });
    created.setAttribute("aria-pressed", "false");
    return created;
  }
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  return picture("0 0 24 24", "path", { d: ICONS[name] });
}
