// A figure as plotly draws it in an element, changes it, and takes it away when all that it waits for has ended.

import { loadPlotly } from "./plotly.js";

export class Plot {
  /** @param {HTMLElement} element an empty one */
  constructor(element) {
    this.element = /** @type {any} */ (element);
    /** @type {any} */
    this.plotly = null;
    this.closed = false;
    /** Ends when nothing of what was asked for is still being drawn. @type {Promise<unknown>} */
    this.settled = Promise.resolve();
  }

  /**
   * Load plotly, if that has not been done.
   * @param {string} version of the installed package
   * @returns {Promise<boolean>} whether there still is somewhere to draw
   */
  async ready(version) {
    this.plotly ??= await loadPlotly(version);
    return !this.closed;
  }

  /**
   * Draw a figure in the place of the one that is there.
   * @param {any[]} traces @param {any} layout @param {any} config
   */
  react(traces, layout, config) {
    return this.track(() => this.plotly.react(this.element, traces, layout, config));
  }

  /** @param {Record<string, any>} changes of the layout */
  relayout(changes) {
    return this.track(() => this.plotly.relayout(this.element, changes));
  }

  /** Fit the size of the element. */
  fit() {
    return this.track(() => this.plotly.Plots.resize(this.element));
  }

  /** What plotly has worked out of the layout that it was given; undefined before it has drawn. */
  get full() {
    return this.element._fullLayout;
  }

  /** @param {() => Promise<unknown>} work */
  async track(work) {
    if (this.closed) return;
    const drawn = work();
    this.settled = Promise.allSettled([this.settled, drawn]);
    await drawn;
  }

  /**
   * Take everything away that plotly holds. It reads the figure once more after all that it waits for while
   * it draws, so a figure that is taken away before makes it fail.
   */
  async purge() {
    this.closed = true;
    // What a reader has done with plotly's own tools waits in its own list.
    await Promise.allSettled([this.settled, ...(this.element._promises ?? [])]);
    await new Promise((resolve) => setTimeout(resolve));
    this.plotly?.purge(this.element);
  }
}
