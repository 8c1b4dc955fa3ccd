// The player: one playhead, the picture, the curves and the transport. Streamlit calls the function below
// whenever there is something new; the bytes of paths and surfaces come through it, too.

import { Clock } from "./clock.js";
import { Contour } from "./contour.js";
import { Curve, chartsOf } from "./curves.js";
import { Legend } from "./legend.js";
import { onScreen, Paths } from "./paths.js";
import { useFontOf } from "./pen.js";
import { loadPlotly } from "./plotly.js";
import { assemble, endOf, lossAt, onArrival, receive } from "./scene.js";
import { StartMarker } from "./start.js";
import { Table } from "./table.js";
import { single } from "./ticks.js";
import { Transport } from "./transport.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./scene.js").SceneData} SceneData */
/** @typedef {(edit: { start?: [number, number], view?: Record<string, string> }) => void} Send */

/** @type {WeakMap<Element, Player>} */
const players = new WeakMap();

/**
 * @param {{ data: any, parentElement: HTMLElement, setTriggerValue: (name: string, value: unknown) => void }} mount
 */
export default function mount({ data, parentElement, setTriggerValue }) {
  if (data instanceof Uint8Array) {
    receive(data);
    return;
  }
  if (data.ahead) {
    loadPlotly(data.ahead).catch(() => {}); // it is said where the contours should be
    return;
  }
  const player = players.get(parentElement) ?? new Player(parentElement);
  players.set(parentElement, player);
  player.send = (edit) => setTriggerValue("edit", edit);
  player.receive(data);
  return () => {
    players.get(parentElement)?.remove();
    players.delete(parentElement);
  };
}

class Player {
  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = element("div", "optviz-player", parent);
    const grid = element("div", "optviz-grid", this.root); // a container query cannot change its own container
    const left = element("div", "optviz-left", grid);
    const right = element("div", "optviz-right", grid);
    Object.assign(this.root, { player: this }); // for the tests, and for the curious in the browser's console
    /** @type {Send} */
    this.send = () => {};
    /** @type {SceneData & { plotly: string } | null} */
    this.wanted = null;
    /** @type {Scene | null} */
    this.scene = null;
    this.pending = 0;
    this.shownViews = "";

    this.clock = new Clock(() => this.redraw());
    this.legend = new Legend(element("div", "optviz-legend", left));
    this.picture = element("div", "optviz-picture", left);
    this.picture.setAttribute("role", "img");
    this.contour = new Contour(element("div", "optviz-contour", this.picture), () => this.placePaths());
    this.paths = new Paths();
    this.picture.append(this.paths.sheet.canvas);
    this.start = new StartMarker(this.picture, (start) => this.send({ start }));
    this.tip = element("div", "optviz-tip", this.picture);
    this.tip.hidden = true;
    this.note = element("p", "optviz-note", this.picture);
    this.note.hidden = true;
    this.transport = new Transport(element("div", "optviz-transport", left), this.clock, this.contour, () =>
      this.redraw(),
    );
    this.views = element("div", "optviz-views", right);
    this.charts = element("div", "optviz-charts", right);
    /** @type {Curve[]} */
    this.curves = [];

    this.table = new Table(element("div", "optviz-results", this.root));

    this.ends = new AbortController();
    this.listen();
    this.arrivals = onArrival(() => this.look());
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this.root);
  }

  /** @param {SceneData & { plotly: string }} data */
  receive(data) {
    this.wanted = data;
    this.look();
  }

  /** Show what is wanted, as soon as all of it is here. */
  look() {
    if (!this.wanted || this.wanted === this.scene?.data) return;
    const scene = assemble(this.wanted);
    if (!scene) return;
    const first = this.scene === null;
    const against = this.scene?.data.view.against;
    const old = this.clock.position / this.clock.end;
    this.scene = scene;
    useFontOf(this.root);
    const end = endOf(scene.runs, scene.data.view.against);
    // Other units: the same share of the way.
    if (against && against !== scene.data.view.against) this.clock.position = Math.round(old * end);
    if (first) this.clock.position = this.clock.end = end;
    else this.clock.resize(end);
    this.start.land(scene.data.start);
    this.legend.show(scene);
    this.picture.setAttribute("aria-label", scene.data.alt.picture);
    this.showViews(scene);
    this.table.show(scene.data.table);
    this.transport.show(scene);
    const version = /** @type {any} */ (this.wanted).plotly;
    this.contour.show(scene, version).catch((error) => {
      this.note.textContent = `The contours cannot be drawn: ${error.message}.`;
      this.note.hidden = false;
    });
    this.placePaths();
    this.placeCurves();
  }

  resize() {
    if (!this.scene || this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.contour.fit();
      this.placePaths();
      this.placeCurves();
    });
  }

  placePaths() {
    const frame = this.contour.frame();
    if (!frame || !this.scene) return;
    const { clientWidth, clientHeight } = this.contour.element;
    this.paths.place(this.scene, frame, clientWidth, clientHeight);
    this.start.place(frame, this.scene.data.theme);
    this.transport.zoomed(this.contour.zoomed);
    this.redraw();
  }

  placeCurves() {
    const scene = /** @type {Scene} */ (this.scene);
    const charts = chartsOf(scene);
    while (this.curves.length > charts.length) this.curves.pop()?.sheet.canvas.parentElement?.remove();
    while (this.curves.length < charts.length) this.curves.push(this.addCurve());
    for (const [k, curve] of this.curves.entries()) {
      const holder = /** @type {HTMLElement} */ (curve.sheet.canvas.parentElement);
      holder.dataset.weight = k === 0 ? "large" : "small";
      holder.setAttribute("aria-label", `${charts[k].title}. ${scene.data.alt.curves}`);
    }
    for (const [k, curve] of this.curves.entries()) {
      const holder = /** @type {HTMLElement} */ (curve.sheet.canvas.parentElement);
      curve.place(scene, charts[k], holder.clientWidth, holder.clientHeight, k === charts.length - 1);
    }
    this.redraw();
  }

  addCurve() {
    const curve = new Curve();
    const holder = element("div", "optviz-chart", this.charts);
    holder.setAttribute("role", "img");
    holder.append(curve.sheet.canvas);
    const seek = (/** @type {PointerEvent} */ event) => this.clock.seek(curve.position(event.offsetX));
    const { signal } = this.ends;
    curve.sheet.canvas.addEventListener(
      "pointermove",
      (event) => {
        // While it plays, a passing pointer changes nothing.
        if (event.pointerType === "mouse" ? !this.clock.playing : event.buttons) seek(event);
      },
      { signal },
    );
    curve.sheet.canvas.addEventListener(
      "pointerdown",
      (event) => {
        if (this.clock.playing) this.clock.pause();
        seek(event);
      },
      { signal },
    );
    return curve;
  }

  redraw() {
    if (!this.scene) return;
    const { position } = this.clock;
    this.paths.draw(position, this.transport.fading, this.start.moved);
    for (const curve of this.curves) curve.draw(position);
    this.legend.draw(position, this.clock.playing);
    this.transport.draw();
  }

  /** @param {Scene} scene */
  showViews(scene) {
    const { view, surface, help } = scene.data;
    const scales = surface.minimum === null ? ["auto", "linear"] : ["auto", "log", "linear"];
    const wanted = JSON.stringify([view, scales]);
    if (this.shownViews === wanted) return;
    this.shownViews = wanted;
    const focused = /** @type {HTMLInputElement | null} */ (this.views.querySelector("input:focus"));
    const [name, value] = [focused?.name, focused?.value];
    this.views.replaceChildren();
    this.choice("scale", "Loss scale", scales, view.scale, help.scale);
    this.choice("against", "Against", ["steps", "evals"], view.against, help.against);
    if (name)
      /** @type {HTMLElement | null} */ (
        this.views.querySelector(`input[name="${name}"][value="${value}"]`)
      )?.focus();
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {string[]} options
   * @param {string} now
   * @param {string} help
   */
  choice(name, label, options, now, help) {
    const field = element("fieldset", "optviz-choice", this.views);
    field.title = help;
    element("legend", "", field).textContent = label;
    for (const option of options) {
      const holder = element("label", "", field);
      const input = /** @type {HTMLInputElement} */ (element("input", "", holder));
      Object.assign(input, { type: "radio", name: `optviz-${name}`, value: option, checked: option === now });
      input.addEventListener("change", () => this.send({ view: { [name]: option } }));
      element("span", "", holder).textContent = option;
    }
  }

  listen() {
    const { signal } = this.ends;
    let [downX, downY, downAt] = [0, 0, 0];
    this.picture.addEventListener(
      "pointerdown",
      (event) => {
        const meant = event.isPrimary && event.button === 0 && !this.start.has(event.target);
        [downX, downY, downAt] = [event.clientX, event.clientY, meant ? event.timeStamp : -1e9];
      },
      { signal, capture: true },
    );
    // Of the window: while a button is down, plotly lays a cover over the page.
    globalThis.addEventListener(
      "pointerup",
      (event) => {
        const still = Math.hypot(event.clientX - downX, event.clientY - downY) < 5;
        const frame = this.contour.frame();
        if (!frame || !still || event.timeStamp - downAt > 600) return;
        downAt = -1e9;
        const { left, top } = this.picture.getBoundingClientRect();
        this.start.moveTo(frame, event.clientX - left, event.clientY - top);
      },
      { signal },
    );
    this.picture.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.picture.addEventListener("pointerleave", () => (this.tip.hidden = true), { signal });
    document.addEventListener("keydown", (event) => this.transport.key(event, this.root), { signal });
  }

  /** @param {PointerEvent} event */
  hover(event) {
    const frame = this.contour.frame();
    const { scene } = this;
    if (!frame || !scene || event.pointerType !== "mouse" || event.buttons) {
      this.tip.hidden = true;
      return;
    }
    const bounds = this.picture.getBoundingClientRect();
    const [px, py] = [event.clientX - bounds.left, event.clientY - bounds.top];
    const [left, top, right, bottom] = frame.box;
    this.tip.hidden = !(px >= left && px <= right && py >= top && py <= bottom);
    if (this.tip.hidden) return;
    const near = this.paths.nearest(px, py, this.clock.position);
    const [x, y] = near
      ? [near.run.x[near.step], near.run.y[near.step]]
      : [(px - frame.x0) / frame.dx, (py - frame.y0) / frame.dy];
    const loss = near ? near.run.loss[near.step] : lossAt(scene, x, y);
    const where = `x ${single(x, near ? 6 : 4)}, y ${single(y, near ? 6 : 4)}`;
    this.tip.textContent = near
      ? `${near.run.name}, step ${near.step}\n${where}\nloss ${single(loss)}`
      : `${where}\nloss ${single(loss, 4)}`;
    const [tx, ty] = near ? onScreen(frame, x, y) : [px, py];
    const flip = tx > (left + right) / 2;
    Object.assign(this.tip.style, {
      left: `${tx}px`,
      top: `${ty}px`,
      transform: `translate(${flip ? "calc(-100% - 12px)" : "12px"}, -50%)`,
    });
  }

  remove() {
    this.clock.stop();
    this.ends.abort();
    this.arrivals();
    this.resizes.disconnect();
    this.contour.purge();
    this.root.remove();
  }
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {Element} parent
 */
function element(tag, className, parent) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  parent.append(made);
  return made;
}
