// The player: one playhead, the pictures, what stands beside them, and the transport. Streamlit calls the
// function below whenever there is something new; the bytes of paths and surfaces come through it, too.

import { scaleWords } from "./arrows.js";
import { Inbox, receive } from "./blobs.js";
import { Stage } from "./canvas.js";
import { oneOf, someOf } from "./choices.js";
import { Clock } from "./clock.js";
import { Code, phaseAt } from "./code.js";
import { offeredControls } from "./controls.js";
import { Curve, chartsOf } from "./curves.js";
import { DataPicture } from "./data.js";
import { appended, button } from "./dom.js";
import { equalUnits, unequalWords } from "./frame.js";
import { toggleFullScreen } from "./fullscreen.js";
import { Inspector } from "./inspector.js";
import { Legend } from "./legend.js";
import { mounted } from "./mounted.js";
import { Panel } from "./panel.js";
import { loadPlotly } from "./plotly.js";
import { assemble, dressed, endOf, inFocus, stepAt } from "./scene.js";
import { SchemeWatcher } from "./scheme.js";
import { Table } from "./table.js";
import { Transport } from "./transport.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./message.js").PlayerMessage} PlayerMessage */
/** @typedef {import("./message.js").View} View */
/** @typedef {(edit: { start?: [number, number], view?: Partial<View>, opening: number }) => void} Send */
/**
 * What the visitor has asked for and the server has not answered yet; a start with the one that it replaces.
 * @typedef {{ view: Partial<View>, start: { to: [number, number], from: [number, number] } | null, opening: number,
 *   at: number }} Asked
 */

/** Milliseconds that changes of the view are collected for: each one that is sent runs the page's script. */
const PAUSE = 120;
/** Milliseconds after which the server's view is believed again, whatever was asked of it. */
const PATIENCE = 4000;

const OF_A_NETWORK =
  "A network has many weights: below are the two that moved most. Arrows are projected on the plane of the picture.";
const FLAT_ONLY = "Marks at the head and other conventions are drawn in the flat picture.";

/**
 * What players that went away leave to themselves, by their names: Streamlit may take one down and put it up again.
 * @typedef {{ position: number, end: number, speed: number, loop: boolean, camera: object, ranges: number[][] | null,
 *   surface: string, asked: Asked, cued: string, at: number }} Legacy
 * @type {Map<string, Legacy>}
 */
const legacies = new Map();

/**
 * @param {{ data: any, parentElement: HTMLElement, setTriggerValue: (name: string, value: unknown) => void }} mount
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  if (data instanceof Uint8Array) {
    receive(data);
    return;
  }
  if (data.drawn) {
    watch(data.drawn, parentElement, () => setTriggerValue("turned", true));
    return;
  }
  if (data.ahead) {
    loadPlotly(data.ahead).catch(() => {}); // it is said where the contours should be
    return;
  }
  const [player, leave] = mounted(parentElement, Player);
  player.send = (edit) => setTriggerValue("edit", edit);
  player.receive(data);
  return leave;
}

/** @type {WeakMap<Element, SchemeWatcher>} */
const watchers = new WeakMap();
/** Players that there have been: choices of two must not share the name of a group. */
let count = 0;

/**
 * Ask for pictures of the server's anew where they are not drawn for the page as it is.
 * @param {import("./scheme.js").Scheme} drawn
 * @param {HTMLElement} parent
 * @param {() => void} ask
 */
function watch(drawn, parent, ask) {
  const watcher = watchers.get(parent) ?? new SchemeWatcher(parent, () => {});
  watchers.set(parent, watcher);
  watcher.changed = () => watcher.scheme !== drawn && ask();
  watcher.look();
}

class Player {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = appended(parent, "div", "optviz-player");
    this.number = ++count;
    this.stage = new Stage(this.root);
    this.grid = appended(this.root, "div", "optviz-grid"); // a container query cannot change its own container
    const main = appended(this.grid, "div", "optviz-left");
    const right = appended(this.grid, "div", "optviz-right");
    Object.assign(this.root, { player: this }); // for the tests, and for the curious in the browser's console
    /** @type {Send} */
    this.send = () => {};
    /** @type {PlayerMessage | null} */
    this.wanted = null;
    /** What was wanted when the scene was made. @type {PlayerMessage | null} */
    this.shown = null;
    /** @type {Scene | null} */
    this.scene = null;
    this.pending = 0;
    this.shownViews = "";
    /** @type {Asked} */
    this.asked = nothing(0);
    this.timer = 0;

    /** The position under a pointer that is over a curve: shown until it leaves or the playhead moves. @type {number | null} */
    this.hovered = null;
    this.clock = new Clock(() => this.preview(null));
    this.legend = new Legend(appended(main, "div", "optviz-legend"), (focus) => this.lookInto(focus));
    this.pictures = appended(main, "div", "optviz-pictures");
    /** @type {Panel[]} */
    this.panels = [];
    /** What the first picture begins with. @type {number[][] | null} */
    this.ranges = null;
    /** Of all reliefs: they turn together. @type {Partial<import("./relief/camera.js").Camera>} */
    this.camera = {};
    this.axesNote = appended(main, "p", "optviz-hint");
    /** Down while units are equal on both axes. */
    this.units = button("optviz-plain", "", () => this.turnUnits());
    this.transport = new Transport(appended(main, "div", "optviz-transport"), this.clock, {
      redraw: () => this.redraw(),
      zoom: (factor) => this.zoom(factor),
      look: (view) => this.look(view),
      fill: () => toggleFullScreen(this.root),
    });
    this.scales = appended(main, "p", "optviz-hint optviz-scales");
    this.caption = appended(main, "p", "optviz-caption");
    this.views = appended(right, "div", "optviz-views");
    this.charts = appended(right, "div", "optviz-charts");
    /** @type {Curve[]} */
    this.curves = [];
    this.inspector = new Inspector(appended(right, "div", "optviz-step"));
    this.code = new Code(appended(right, "div", "optviz-code"));
    this.data = new DataPicture(appended(right, "div", "optviz-data"), this.stage);

    this.table = new Table(appended(this.root, "div", "optviz-results"));
    /** The page that has given its cue. */
    this.cued = "";

    this.watcher = new SchemeWatcher(this.root, () => this.dress());
    this.ends = new AbortController();
    const { signal } = this.ends;
    document.addEventListener("keydown", (event) => this.transport.key(event, this.root), { signal });
    for (const type of /** @type {const} */ (["keydown", "keyup"]))
      document.addEventListener(type, (event) => this.transport.space(event), { signal, capture: true });
    this.root.addEventListener("fullscreenchange", () => this.resize(), { signal });
    this.inbox = new Inbox(() => this.arrive());
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this.root);
  }

  /** @param {PlayerMessage & { plotly: string }} data */
  receive(data) {
    if (this.wanted === null) this.inherit(data);
    this.wanted = data;
    this.arrive();
  }

  /** Show what is wanted, as soon as all of it is here. */
  arrive() {
    if (!this.wanted || this.wanted === this.shown) return;
    const scene = assemble(this.wanted, this.watcher.scheme, this.inbox);
    if (!scene) return;
    this.overlay(scene);
    const against = this.scene?.data.view.against;
    const old = this.clock.position / this.clock.end;
    this.scene = scene;
    this.shown = this.wanted;
    const end = endOf(scene.runs, scene.data.view.against);
    // Other units: the same share of the way.
    if (against && against !== scene.data.view.against) this.clock.position = Math.round(old * end);
    this.clock.resize(end);
    this.caption.textContent = scene.data.caption ?? "";
    this.caption.hidden = !scene.data.caption;
    this.show();
    this.cue(scene.data.cue);
  }

  /**
   * A page of a lesson comes with its cue: to wait for an answer, or to play once from the start.
   * @param {PlayerMessage["cue"]} cue
   */
  cue(cue) {
    const waits = Boolean(cue?.waits);
    this.root.classList.toggle("optviz-waits", waits);
    this.transport.locked = waits;
    const given = cue ? `${cue.page} ${cue.waits}` : "";
    if (this.cued === given) return;
    this.cued = given;
    if (!cue) return;
    this.clock.stop();
    this.clock.speed = cue.slow ? 0 : 1;
    this.transport.restore();
    this.clock.seek(waits ? 0 : this.clock.end);
    if (!waits && !this.clock.calm.matches) this.clock.play();
  }

  /** The page has turned light or dark: so does all that is shown. */
  dress() {
    if (!this.scene) return;
    this.scene = dressed(this.scene, this.watcher.scheme);
    this.show();
  }

  /** Show the scene as its view says. */
  show() {
    const scene = /** @type {Scene} */ (this.scene);
    const { view } = scene.data;
    this.stage.show(scene);
    this.legend.show(scene);
    this.showAxes(scene);
    this.table.show(scene.data);
    this.showViews(scene);
    this.transport.show(scene);
    this.showPanels(scene);
    this.grid.dataset.panels = String(this.panels.length);
    this.charts.hidden = view.beside !== "curves" && view.beside !== "stability";
    this.inspector.root.hidden = view.beside !== "step";
    this.code.root.hidden = view.beside !== "code";
    this.data.root.hidden = view.beside !== "data" || !scene.data.data;
    if (!this.data.root.hidden) this.data.show(scene);
    this.code.show(this.focused()?.code ?? []);
    this.placeCurves();
  }

  /** The run that is looked into. */
  focused() {
    return inFocus(/** @type {Scene} */ (this.scene));
  }

  /**
   * Go on as this player was before it was taken down, if that has just been, and with this surface.
   * @param {PlayerMessage} data
   */
  inherit({ player, surface, opening }) {
    const left = legacies.get(player);
    legacies.delete(player);
    if (!left || left.surface !== surface.name || performance.now() - left.at > PATIENCE) return;
    const { position, end, speed, loop } = left;
    this.cued = left.cued;
    Object.assign(this.clock, { position, end, speed, loop });
    Object.assign(this.camera, left.camera);
    this.ranges = left.ranges;
    this.transport.restore();
    this.asked = left.asked.opening === opening ? left.asked : nothing(opening);
    if (this.asked.start || Object.keys(this.asked.view).length) this.post(PAUSE);
  }

  /**
   * Look at it in another way: at once as far as everything is here, and from now on.
   * @param {Partial<View>} change
   */
  look(change) {
    if (!this.scene) return;
    const view = { ...this.scene.data.view, ...change };
    this.scene = { ...this.scene, data: { ...this.scene.data, view } };
    if (!("against" in change)) this.show(); // there the playhead has other units
    Object.assign(this.asked.view, change);
    this.ask(PAUSE);
  }

  /**
   * Look into a run; where nothing of it would be seen, its step is shown.
   * @param {number} focus
   */
  lookInto(focus) {
    const { beside, marks } = /** @type {Scene} */ (this.scene).data.view;
    this.look(beside === "curves" && !marks.length ? { focus, beside: "step" } : { focus });
  }

  /** @param {number} pause milliseconds */
  ask(pause) {
    this.asked.at = performance.now();
    this.post(pause);
  }

  /**
   * Send all that has not been answered: a message takes the place of one that Streamlit still holds back.
   * @param {number} pause milliseconds
   */
  post(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { start, view, opening } = this.asked;
      if (!start && !Object.keys(view).length) return; // answered, or of no use any more
      const edit = /** @type {Parameters<Send>[0]} */ ({ view: { ...view }, opening });
      if (start) edit.start = start.to;
      this.send(edit);
    }, pause);
  }

  /**
   * What the server sends may be from before it heard of the last changes: they stay, unless all that they were
   * made in is gone.
   * @param {Scene} scene
   */
  overlay(scene) {
    const { opening } = scene.data;
    const late = performance.now() - this.asked.at > PATIENCE; // the server has reasons
    if (late || this.asked.opening !== opening) this.asked = nothing(opening);
    const { asked } = this;
    const start = String(scene.data.start);
    if (start === String(asked.start?.to) || start !== String(asked.start?.from)) asked.start = null;
    const waiting = /** @type {Record<string, unknown>} */ (this.asked.view);
    const view = /** @type {Record<string, unknown>} */ ({ ...scene.data.view });
    for (const [name, value] of Object.entries(waiting)) {
      if (same(value, view[name])) delete waiting[name];
      // The units of the playhead come with the answer.
      else if (name !== "against") view[name] = value;
    }
    scene.data = { ...scene.data, view: /** @type {View} */ (/** @type {unknown} */ (view)) };
  }

  /** @param {Scene} scene */
  showPanels(scene) {
    const { runs, data } = scene;
    const each = data.view.panels === "each" && runs.length > 1;
    const count = each ? runs.length : 1;
    while (this.panels.length > count) this.panels.pop()?.remove();
    while (this.panels.length < count) this.panels.push(this.addPanel());
    const version = /** @type {any} */ (this.wanted).plotly;
    for (const [place, panel] of this.panels.entries()) panel.show(scene, each ? runs[place] : null, version);
  }

  addPanel() {
    return new Panel(this.pictures, {
      start: (to) => {
        this.asked.start = { to, from: /** @type {Scene} */ (this.scene).data.start };
        this.ask(0);
      },
      ranges: (panel) => this.rangesFor(panel),
      moved: (panel) => this.follow(panel),
      position: () => this.clock.position,
      redraw: () => this.redraw(),
      camera: this.camera,
      stage: this.stage,
    });
  }

  /**
   * What a panel that is drawn for the first time shows: what the first one does, if it is of this surface.
   * @param {Panel} panel
   */
  rangesFor(panel) {
    const [first] = this.panels;
    if (first && first !== panel && first.contour.name === this.scene?.data.surface.name)
      return first.contour.ranges();
    const { ranges } = this;
    this.ranges = null;
    return ranges;
  }

  /**
   * All panels show the same part of the surface.
   * @param {Panel} panel that has moved
   */
  follow(panel) {
    this.transport.zoomed(panel.zoomed);
    for (const other of this.panels) {
      if (other === panel) continue;
      if (!panel.deep) other.contour.follow(panel.contour.ranges());
      else if (panel.relief) other.relief?.follow(panel.relief);
    }
  }

  /** @param {number} [factor] */
  zoom(factor) {
    this.panels[0]?.zoom(factor); // the others follow
  }

  resize() {
    if (!this.scene || this.pending) return;
    this.watcher.look();
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.stage.measure();
      for (const panel of this.panels) panel.fit();
      if (!this.data.root.hidden) this.data.fit();
      this.placeCurves();
    });
  }

  placeCurves() {
    const scene = /** @type {Scene} */ (this.scene);
    if (this.charts.hidden) return this.redraw();
    const charts = chartsOf(scene);
    while (this.curves.length > charts.length) this.curves.pop()?.canvas.element.parentElement?.remove();
    while (this.curves.length < charts.length) this.curves.push(this.addCurve());
    for (const [k, curve] of this.curves.entries()) {
      const holder = /** @type {HTMLElement} */ (curve.canvas.element.parentElement);
      holder.dataset.weight = k === 0 ? "large" : "small";
      holder.setAttribute("aria-label", `${charts[k].title}. ${scene.data.alt.curves}`);
    }
    for (const [k, curve] of this.curves.entries()) {
      const holder = /** @type {HTMLElement} */ (curve.canvas.element.parentElement);
      curve.place(scene, charts[k], holder.clientWidth, holder.clientHeight, k === charts.length - 1);
    }
    this.redraw();
  }

  addCurve() {
    const curve = new Curve(this.stage);
    const holder = appended(this.charts, "div", "optviz-chart");
    holder.setAttribute("role", "img");
    holder.append(curve.canvas.element);
    const seek = (/** @type {PointerEvent} */ event) => this.transport.seek(curve.position(event.offsetX));
    const { element: canvas } = curve.canvas;
    const { signal } = this.ends;
    canvas.addEventListener("pointerdown", seek, { signal });
    canvas.addEventListener(
      "pointermove",
      (event) => {
        if (event.buttons) seek(event);
        // While it plays, a passing pointer changes nothing.
        else if (!this.clock.playing) this.preview(curve.position(event.offsetX));
      },
      { signal },
    );
    canvas.addEventListener("pointerleave", () => this.preview(null), { signal });
    return curve;
  }

  /**
   * Show another position than the playhead's; or that again.
   * @param {number | null} position
   */
  preview(position) {
    this.hovered = position;
    this.redraw();
  }

  redraw() {
    if (!this.scene) return;
    const { end, playing, slow } = this.clock;
    const position = Math.min(this.hovered ?? this.clock.position, end);
    const run = this.focused();
    const { view } = this.scene.data;
    const focus = run ? this.scene.runs.indexOf(run) : -1;
    // In slow motion a point stands still until its optimizer steps.
    const shown = playing && slow && view.against === "steps" ? phaseAt(position).moved : position;
    for (const panel of this.panels) panel.draw(shown, this.transport.fading, focus);
    this.sayScales();
    if (!this.charts.hidden) for (const curve of this.curves) curve.draw(position);
    this.legend.draw(position, playing);
    this.transport.draw(position);
    if (!this.data.root.hidden) this.data.draw(position, focus, playing);
    if (!run) return this.inspector.clear();
    const step = stepAt(run, position, view.against);
    if (!this.inspector.root.hidden)
      this.inspector.draw(run, step, playing, run.steps?.data.axes ?? this.scene.data.surface.axes);
    if (!this.code.root.hidden) this.code.draw(step, playing && slow && step < run.n);
  }

  /** @param {Scene} scene */
  showViews(scene) {
    const { view, theme } = scene.data;
    const offered = offeredControls(scene.data, "beside");
    const words = viewWords(scene);
    const wanted = JSON.stringify([view, offered, words, theme.paper]);
    if (this.shownViews === wanted) return;
    this.shownViews = wanted;
    const focused = /** @type {HTMLElement | null} */ (this.views.querySelector(":focus"));
    const again =
      focused instanceof HTMLInputElement
        ? `input[name="${focused.name}"][value="${focused.value}"]`
        : `button[data-value="${focused?.dataset.value}"]`;
    this.views.replaceChildren();
    for (const control of offered) {
      const { name } = control;
      const look = (/** @type {string | string[]} */ value) => this.look({ [name]: value });
      if (control.several) someOf(this.views, control, theme.marks, look);
      else oneOf(this.views, control, `${name}-${this.number}`, look);
    }
    for (const text of words) appended(this.views, "p", "optviz-hint", text);
    if (focused) /** @type {HTMLElement | null} */ (this.views.querySelector(again))?.focus();
  }

  /**
   * What is to be known about the axes, and, where units are or would be unequal, the switch.
   * @param {Scene} scene
   */
  showAxes(scene) {
    const { surface, view, narrow } = scene.data;
    const words = [narrow, unequalWords(scene)].filter(Boolean);
    const switched = !surface.natural || view.units !== "auto";
    this.axesNote.hidden = !words.length && !switched;
    const [{ label }] = offeredControls(scene.data, "axes");
    this.units.textContent = label;
    this.units.hidden = !switched;
    this.units.setAttribute("aria-pressed", String(equalUnits(scene)));
    this.axesNote.replaceChildren(words.map((sentence) => `${sentence} `).join(""), this.units);
  }

  /** Make units equal on both axes where they are not, and else the other way round. */
  turnUnits() {
    const scene = /** @type {Scene} */ (this.scene);
    const equal = !equalUnits(scene);
    this.look({ units: equal === scene.data.surface.natural ? "auto" : equal ? "equal" : "fill" });
    this.units.focus();
  }

  /** The scales of the arrows that are drawn now, in words. */
  sayScales() {
    const { view } = /** @type {Scene} */ (this.scene).data;
    const focus = this.focused()?.index;
    const panel = this.panels.find(({ only }) => only === null || only.index === focus);
    const words = panel && !panel.deep ? scaleWords(panel.paths.arrows, view.arrows) : "";
    this.scales.hidden = !words;
    if (this.scales.textContent !== words) this.scales.textContent = words;
  }

  remove() {
    const { position, end, speed, loop } = this.clock;
    const ranges = this.panels[0]?.contour.zoomed ? this.panels[0].contour.ranges() : null;
    const [surface, camera] = [this.scene?.data.surface.name ?? "", { ...this.camera }];
    const { asked, cued } = this;
    const left = { position, end, speed, loop, camera, ranges, surface, asked, cued, at: performance.now() };
    if (this.wanted?.player) legacies.set(this.wanted.player, left);
    clearTimeout(this.timer);
    this.clock.stop();
    this.ends.abort();
    this.inbox.close();
    this.resizes.disconnect();
    for (const panel of this.panels) panel.remove();
    this.root.remove();
  }
}

/**
 * What is asked for at first.
 * @param {number} opening
 * @returns {Asked}
 */
function nothing(opening) {
  return { view: {}, start: null, opening, at: 0 };
}

/**
 * What is to be known about what stands beside the picture.
 * @param {Scene} scene
 * @returns {string[]}
 */
function viewWords(scene) {
  const { view, plane, conventions } = scene.data;
  if (view.beside === "curves") return scene.runs.map(({ rate }) => rate.words).filter(Boolean);
  if (view.beside === "stability") return stabilityWords(scene);
  if (view.beside === "data") return [];
  const words = conventions.find(({ name }) => name === view.convention)?.words ?? [];
  return [
    ...(view.beside === "step" && plane ? [OF_A_NETWORK] : []),
    ...words,
    ...(view.picture === "3d" ? [FLAT_ONLY] : []),
  ];
}

/**
 * Each competitor's own stability limit, and what is true above it.
 * @param {Scene} scene
 */
function stabilityWords({ runs }) {
  const there = runs.flatMap(({ name, stability }) => (stability ? { name, ...stability } : []));
  if (!there.length) return ["Computing …"];
  const all = [...new Set(there.map(({ words }) => words))];
  return all.map((words) => {
    const same = there.filter((competitor) => competitor.words === words);
    if (!words) return `${same.map(({ name }) => name).join(", ")}: no stability limit is known.`;
    const limits = same.map(({ name, formula }) => `${name}: ${formula}`).join(" · ");
    return `Stability limit of ${limits}. ${words}`;
  });
}

/**
 * Whether two values of a view are the same; of several, the order does not matter.
 * @param {unknown} first
 * @param {unknown} second
 */
function same(first, second) {
  const [a, b] = [first, second].map((value) => JSON.stringify([value].flat().sort()));
  return a === b;
}
