// The surface in three dimensions, with the paths on it: to turn, and to look at from any side. Loaded only
// when it is asked for. It is drawn on plain canvases, so that it works where there is no WebGL.

import { HiDpiCanvas } from "../canvas.js";
import { equalUnits } from "../frame.js";
import { clamp } from "../numbers.js";
import { Axes } from "./axes.js";
import { pinned, projectionOf, unprojected } from "./camera.js";
import { Heights } from "./mesh.js";
import { ReliefPaths } from "./paths.js";
import { Raster } from "./raster.js";

/** @typedef {import("../scene.js").Scene} Scene */
/** @typedef {import("./camera.js").Camera} Camera */
/** @typedef {import("./mesh.js").Mesh} Mesh */
/** @typedef {import("../scene.js").Run} Run */

const HOME = { azimuth: 30, elevation: 52, zoom: 1 };
const ELEVATIONS = /** @type {const} */ ([5, 89]);
const ZOOMS = /** @type {const} */ ([0.5, 4]);
/** Degrees a key, and a pixel of a drag, turns. */
const KEY = 5;
const DRAG = 0.4;
/** Milliseconds that a frame may take while it turns; if it takes more, the next one is coarser. */
const QUICK = 12;
const COARSEST = 0.6;
/** Milliseconds of rest after which the picture is drawn in full. */
const REST = 140;
/** How dark lines are in the finest picture; in a coarser one they are wider, and fainter. */
const LINE = 0.3;
/** Pixels that a still picture may have: beyond that, its edges are not smoothed. */
const MOST = 3.2e6;

export class Relief {
  /**
   * @param {HTMLElement} holder an empty element, already sized by CSS
   * @param {import("../canvas.js").Stage} stage
   */
  constructor(holder, stage) {
    this.holder = holder;
    /** Several reliefs may share one. @type {Camera} */
    this.camera = { ...HOME };
    /** What to do when the camera has moved. */
    this.turned = () => {};
    /** @type {Scene | null} */
    this.scene = null;
    /** @type {Heights | null} */
    this.heights = null;
    /** @type {Mesh[]} */
    this.meshes = [];
    this.raster = new Raster();
    this.block = new HiDpiCanvas(stage);
    this.paths = new ReliefPaths(stage);
    /** @type {[number, number]} */
    this.size = [0, 0];
    /**
     * The place of the block that a zoom has gone to and that is turned around, and where it is on the screen.
     * @type {{ spot: [number, number, number], x: number, y: number } | null}
     */
    this.pin = null;
    /** What surface is shown, what is drawn, and how finely. */
    this.shown = "";
    this.drawn = "";
    this.fineness = 0;
    /** Raster pixels in a CSS pixel while it turns. */
    this.coarse = globalThis.devicePixelRatio || 1;
    this.turning = false;
    this.timer = 0;
    this.frame = 0;
    /** @type {[number, boolean, boolean]} */
    this.last = [0, false, false];
    holder.classList.add("optviz-relief");
    holder.tabIndex = 0;
    holder.setAttribute("role", "application");
    holder.append(this.block.element, this.paths.canvas.element);
    this.ends = new AbortController();
    this.listen();
  }

  /**
   * Show new data; the camera stays.
   * @param {Scene} scene
   */
  show(scene) {
    const { surface, theme } = scene.data;
    const shown = [surface.digest, surface.domain, equalUnits(scene), theme.paper].join();
    if (!this.heights || shown !== this.shown) {
      this.shown = shown;
      this.drawn = "";
      this.heights = new Heights(scene);
      this.meshes = [];
    }
    this.scene = scene;
    this.paths.show(scene, this.heights);
    this.holder.setAttribute(
      "aria-label",
      `${surface.name} in three dimensions, with the paths on it. Drag it, or use the arrow keys, to turn it; ` +
        "plus and minus zoom, 0 goes back to the first view.",
    );
    this.resize();
  }

  /** The holder's size may have changed. */
  resize() {
    this.size = [this.holder.clientWidth, this.holder.clientHeight];
    this.draw(...this.last);
  }

  /**
   * @param {number} position of the playhead
   * @param {boolean} fading whether only the last steps are drawn in full
   * @param {boolean} pale whether the paths are about to be replaced
   */
  draw(position, fading, pale) {
    this.last = [position, fading, pale];
    this.look();
    this.paths.draw(position, fading, pale);
  }

  remove() {
    this.ends.abort();
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.block.element.remove();
    this.paths.canvas.element.remove();
  }

  /** Draw the surface and its axes, if anything about them has changed. */
  look() {
    const { scene, heights, camera } = this;
    const [width, height] = this.size;
    if (!scene || !heights || !width || !height) return;
    const { surface, theme } = scene.data;
    const density = globalThis.devicePixelRatio || 1;
    const { azimuth, elevation, zoom } = camera;
    const { x, y } = this.pin ?? { x: 0, y: 0 };
    const wanted = [width, height, density, azimuth, elevation, zoom, x, y, this.block.stage.font(12)].join();
    const ratio = this.turning ? Math.min(this.coarse, density) : fine(width, height, density);
    if (wanted === this.drawn && ratio <= this.fineness) return;
    const mesh = this.mesh(heights, this.turning && ratio <= 1 ? 2 : 1);
    const began = performance.now();
    const projection = this.projection(heights);
    this.block.resize(width, height);
    this.paths.canvas.resize(width, height);
    this.raster.resize(Math.ceil(width * ratio), Math.ceil(height * ratio));
    this.raster.paint(theme, 2 * (surface.levels.length - 1), LINE * Math.min(0.4 + 0.3 * ratio, 1));
    const scaled = {
      ...projection,
      scale: projection.scale * ratio,
      cx: projection.cx * ratio,
      cy: projection.cy * ratio,
    };
    this.raster.render(mesh, scaled);
    const axes = new Axes(scene, heights.floor, projection, this.block.stage);
    const context = this.block.clear();
    axes.behind(context);
    context.drawImage(this.raster.canvas, 0, 0, this.raster.width / ratio, this.raster.height / ratio);
    axes.draw(context);
    this.paths.place(projection, this.raster, ratio);
    this.drawn = wanted;
    this.fineness = ratio;
    this.pace(performance.now() - began, density);
  }

  /**
   * What the camera sees, in CSS pixels.
   * @param {Heights} heights
   */
  projection(heights) {
    const projection = this.whole(heights);
    return this.pin ? pinned(projection, this.pin.spot, this.pin.x, this.pin.y) : projection;
  }

  /**
   * The same with the whole block in the middle.
   * @param {Heights} heights
   */
  whole(heights) {
    return projectionOf(this.camera, heights.floor, ...this.size, this.block.stage.scale);
  }

  /**
   * Zoom by a factor: in to what is at a place on the screen, out to the whole block in the middle.
   * @param {number} factor
   * @param {number} x
   * @param {number} y
   */
  zoom(factor, x = this.size[0] / 2, y = this.size[1] / 2) {
    if (!this.heights) return;
    const zoom = clamp(this.camera.zoom * factor, ...ZOOMS);
    const projection = this.projection(this.heights);
    if (zoom <= 1) this.pin = null;
    else if (factor > 1) {
      const near = this.raster.nearness(x * this.fineness, y * this.fineness);
      if (Number.isFinite(near)) this.pin = { spot: unprojected(projection, x, y, near), x, y };
    } else if (this.pin) {
      const [left, top] = [this.size[0] / 2, this.whole(this.heights).cy];
      const share = (zoom - 1) / (this.camera.zoom - 1);
      const spot = /** @type {[number, number, number]} */ ([0, 0, 0]);
      this.pin = { spot, x: left + share * (projection.cx - left), y: top + share * (projection.cy - top) };
    }
    this.turn({ zoom });
  }

  /**
   * The surface's triangles, made when they are first needed.
   * @param {Heights} heights
   * @param {number} stride
   */
  mesh(heights, stride) {
    this.meshes[stride] ??= heights.mesh(stride);
    return this.meshes[stride];
  }

  /**
   * While it turns, be as fine as is quick enough.
   * @param {number} took milliseconds
   * @param {number} density
   */
  pace(took, density) {
    this.took = took;
    if (!this.turning) return;
    if (took > QUICK) this.coarse = Math.max(this.coarse * 0.9, COARSEST);
    else if (took < QUICK / 2) this.coarse = Math.min(this.coarse * 1.1, density);
  }

  /**
   * Look from elsewhere.
   * @param {Partial<Camera>} camera
   */
  turn({ azimuth = this.camera.azimuth, elevation = this.camera.elevation, zoom = this.camera.zoom }) {
    this.camera.azimuth = ((azimuth % 360) + 360) % 360;
    this.camera.elevation = clamp(elevation, ...ELEVATIONS);
    this.camera.zoom = clamp(zoom, ...ZOOMS);
    this.move();
    this.turned();
  }

  /**
   * Look from where another relief does, which has moved the camera that both share.
   * @param {Relief} other
   */
  follow(other) {
    this.pin = other.pin;
    this.coarse = Math.min(this.coarse, other.coarse);
    this.move();
  }

  /** Draw quickly while it turns, and in full once it rests. */
  move() {
    this.turning = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.turning = false;
      this.redraw();
    }, REST);
    this.redraw();
  }

  /** At most once a frame. */
  redraw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.draw(...this.last);
    });
  }

  listen() {
    const { signal } = this.ends;
    const { holder } = this;
    /** @type {Map<number, PointerEvent>} */
    const pointers = new Map();
    holder.addEventListener(
      "pointerdown",
      (event) => {
        if (event.button !== 0) return;
        holder.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, event);
      },
      { signal },
    );
    holder.addEventListener("pointermove", (event) => this.drag(event, pointers), { signal });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"]))
      holder.addEventListener(end, (event) => pointers.delete(event.pointerId), { signal });
    holder.addEventListener("dblclick", () => this.reset(), { signal });
    holder.addEventListener("keydown", (event) => this.key(event), { signal });
    holder.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return; // the page scrolls; a pinch on a touchpad comes as a wheel with ctrl
        event.preventDefault();
        const lines = event.deltaMode ? 16 : 1;
        const { left, top } = holder.getBoundingClientRect();
        const factor = Math.exp(-clamp(event.deltaY * lines, -50, 50) * 0.006);
        this.zoom(factor, event.clientX - left, event.clientY - top);
      },
      { signal, passive: false },
    );
  }

  /**
   * One pointer turns, two zoom.
   * @param {PointerEvent} event
   * @param {Map<number, PointerEvent>} pointers that are down, where they were last
   */
  drag(event, pointers) {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const { azimuth, elevation } = this.camera;
    pointers.set(event.pointerId, event);
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    if (other) {
      const apart = (/** @type {PointerEvent} */ pointer) =>
        Math.max(Math.hypot(pointer.clientX - other.clientX, pointer.clientY - other.clientY), 10);
      const bounds = this.holder.getBoundingClientRect();
      const [x, y] = [(event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2];
      this.zoom(apart(event) / apart(before), x - bounds.left, y - bounds.top);
    } else {
      // What is in front goes with the pointer.
      const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
      if (dx || dy) this.turn({ azimuth: azimuth - DRAG * dx, elevation: elevation + DRAG * dy });
    }
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { azimuth, elevation } = this.camera;
    const turns = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => this.turn({ azimuth: azimuth + KEY }),
      ArrowRight: () => this.turn({ azimuth: azimuth - KEY }),
      ArrowUp: () => this.turn({ elevation: elevation + KEY }),
      ArrowDown: () => this.turn({ elevation: elevation - KEY }),
      "+": () => this.zoom(1.2),
      "=": () => this.zoom(1.2),
      "-": () => this.zoom(1 / 1.2),
      0: () => this.reset(),
    });
    const turn = turns[event.key];
    if (!turn) return;
    event.preventDefault(); // neither the page nor the playhead moves
    event.stopPropagation();
    turn();
  }

  /** Back to the first view. */
  reset() {
    this.pin = null;
    this.turn(HOME);
  }
}

/**
 * Raster pixels in a CSS pixel of a still picture: on a coarse screen two by two for each of the screen's, so
 * that edges are smooth.
 * @param {number} width
 * @param {number} height
 * @param {number} density
 */
function fine(width, height, density) {
  const smooth = density < 2 ? 2 * density : density;
  return width * height * smooth * smooth <= MOST ? smooth : density;
}
