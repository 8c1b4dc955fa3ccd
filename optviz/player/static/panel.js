// A picture: the surface, from above or as a relief, with the paths of all runs or of one.

import { Contour } from "./contour.js";
import { appended } from "./dom.js";
import { FlatPaths } from "./flat.js";
import { inUnits, onScreen } from "./frame.js";
import { lossAt } from "./scene.js";
import { StartMarker } from "./start.js";
import { coordinate, single } from "./ticks.js";

/** @typedef {import("./scene.js").Scene} Scene */
/** @typedef {import("./relief/relief.js").Relief} Relief */
/**
 * What a panel tells the player.
 * @typedef {{
 *   start: (start: [number, number]) => void, moved: (panel: Panel) => void,
 *   ranges: (panel: Panel) => number[][] | null, position: () => number, redraw: () => void, camera: Partial<import("./relief/camera.js").Camera>,
 *   stage: import("./canvas.js").Stage,
 * }} Host
 */

export class Panel {
  /**
   * @param {HTMLElement} parent
   * @param {Host} host
   */
  constructor(parent, host) {
    this.host = host;
    this.root = appended(parent, "div", "optviz-panel");
    this.title = appended(this.root, "p", "optviz-panel-name");
    this.picture = appended(this.root, "div", "optviz-picture");
    this.contour = new Contour(appended(this.picture, "div", "optviz-contour"), host.stage, (led) =>
      this.place(led),
    );
    // A picture holds nothing that can be used, and the start can: so one of its layers speaks for it.
    this.contour.element.setAttribute("aria-hidden", "true");
    this.paths = new FlatPaths(host.stage);
    this.paths.canvas.element.setAttribute("role", "img");
    this.picture.append(this.paths.canvas.element);
    this.start = new StartMarker(this.picture, host.start);
    this.tip = appended(this.picture, "div", "optviz-tip");
    this.note = appended(this.picture, "p", "optviz-note");
    this.reliefHolder = appended(this.root, "div", "optviz-relief");
    this.tip.hidden = this.note.hidden = this.reliefHolder.hidden = true;
    /** @type {Relief | null} */
    this.relief = null;
    /** @type {Scene | null} */
    this.scene = null;
    this.deep = false;
    /** @type {import("./scene.js").Run | null} */
    this.only = null;
    this.ends = new AbortController();
    this.listen();
  }

  /**
   * Show a scene: all of its runs, or one.
   * @param {Scene} scene
   * @param {import("./scene.js").Run | null} only
   * @param {string} version of plotly.js
   */
  show(scene, only, version) {
    this.only = only;
    this.scene = only === null ? scene : { ...scene, runs: [only] };
    this.start.fixed = scene.data.plane !== undefined || scene.data.fixed;
    this.start.land(scene.data.start);
    this.title.hidden = only === null;
    this.title.textContent = only?.name ?? "";
    this.title.style.setProperty("--run", only?.color ?? "");
    this.paths.canvas.element.setAttribute("aria-label", scene.data.alt.picture);
    this.deep = scene.data.view.picture === "3d";
    this.picture.hidden = this.deep;
    this.reliefHolder.hidden = !this.deep;
    if (this.deep)
      this.showRelief().catch((error) => this.say(`The relief cannot be drawn: ${error.message}.`));
    else {
      const drawn = this.contour.show(scene, version, this.host.ranges(this));
      drawn.catch((error) => this.say(`The contours cannot be drawn: ${error.message}.`));
    }
    this.place();
  }

  /** Its code is loaded only when a relief is asked for. */
  async showRelief() {
    const { Relief } = await import("./relief/relief.js");
    if (!this.scene || !this.deep || this.ends.signal.aborted) return; // meanwhile it may have gone
    if (!this.relief) {
      this.relief = new Relief(this.reliefHolder, this.host.stage);
      this.relief.camera = Object.assign(this.host.camera, { ...this.relief.camera, ...this.host.camera });
      this.relief.turned = () => this.host.moved(this);
    }
    this.relief.show(this.scene);
    this.host.redraw();
  }

  /** @param {string} words */
  say(words) {
    this.picture.hidden = false;
    this.note.textContent = words;
    this.note.hidden = false;
  }

  /** The size may have changed. */
  fit() {
    if (this.deep) this.relief?.resize();
    else {
      this.contour.fit();
      this.place();
    }
  }

  /** @param {boolean} led whether the axes have been moved, so that those of the other panels follow */
  place(led = false) {
    const frame = this.deep ? null : this.contour.frame();
    if (!frame || !this.scene) return;
    const { clientWidth, clientHeight } = this.contour.element;
    this.paths.place(this.scene, frame, clientWidth, clientHeight);
    this.start.place(frame, this.host.stage);
    this.host.redraw();
    if (led) this.host.moved(this);
  }

  /**
   * @param {number} position of the playhead
   * @param {boolean} fading
   * @param {number} focus the place of the run whose step is looked into; a panel of one run looks into that
   */
  draw(position, fading, focus) {
    if (this.deep) this.relief?.draw(position, fading, this.start.moved);
    else {
      this.paths.focus = this.only === null ? focus : 0;
      this.paths.draw(position, fading, this.start.moved);
    }
  }

  /** @param {number} [factor] more or less around the middle; none for all */
  zoom(factor) {
    if (this.deep) factor ? this.relief?.zoom(1 / factor) : this.relief?.reset();
    else this.contour.zoom(factor);
  }

  get zoomed() {
    return this.deep ? this.relief !== null && this.relief.camera.zoom !== 1 : this.contour.zoomed;
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
    const near = this.paths.nearest(px, py, this.host.position());
    const [x, y] = near ? [near.run.x[near.step], near.run.y[near.step]] : inUnits(frame, px, py);
    const loss = near ? near.run.loss[near.step] : lossAt(scene, x, y);
    const [across, up] = scene.data.surface.axes;
    // Of a point of a path, two more digits than the picture shows.
    const finer = near ? 100 : 1;
    const [wide, high] = /** @type {number[][]} */ (this.contour.ranges()).map((r) => (r[1] - r[0]) / finer);
    const where = `${across} ${coordinate(x, wide)}, ${up} ${coordinate(y, high)}`;
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
    this.ends.abort();
    this.contour.purge();
    this.relief?.remove();
    this.root.remove();
  }
}
