// plotly.js, once, from the installed plotly package: served by the app itself, never from outside.

/** @type {Promise<any> | undefined} */
let loading;

/**
 * The library, loaded when it is first asked for.
 * @param {string} version of the installed package: a new one is another address, so it can be cached for ever
 * @returns {Promise<any>}
 */
export function loadPlotly(version) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(
      `../optviz.plotly/plotly.min.js?${encodeURIComponent(version)}`,
      import.meta.url,
    ).href;
    script.onload = () => resolve(/** @type {any} */ (globalThis).Plotly);
    script.onerror = () => reject(new Error("plotly.js could not be loaded"));
    document.head.append(script);
  });
  return loading;
}
