// A figure as plotly draws it in an element, changes it, and takes it away when all that it waits for has ended.

import { loadPlotly } from "./plotly.js";
import { axesOf } from "./plotly_internals.js";

export class Plot {
  /** @param {HTMLElement} element an empty one */
  constructor(element) {
    this.element = /** @type {any} */ (element);
    /** @type {any} */
    this.plotly = null;
    /** Whether there is a figure, which may still be being drawn. */
    this.drawn = false;
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
    return this.track(() => {
      this.drawn = true;
      return this.plotly.react(this.element, traces, layout, config);
    });
  }

  /** @param {Record<string, any>} changes of the layout */
  relayout(changes) {
    return this.track(() => this.plotly.relayout(this.element, changes));
  }

  /** Fit the size of the element. */
  fit() {
    return this.track(() => this.plotly.Plots.resize(this.element));
  }

  /** The x axis and the y axis as they are drawn; null where there are none. */
  get axes() {
    return axesOf(this.element);
  }

  /**
   * @param {(led: boolean) => void} act what to do when the axes have changed; whether somebody moved them
   */
  onMoved(act) {
    for (const event of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"])
      this.element.on(event, () => act(event !== "plotly_afterplot"));
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
    await this.settled;
    await new Promise((resolve) => setTimeout(resolve));
    this.plotly?.purge(this.element);
  }
}
