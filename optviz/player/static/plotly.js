// plotly.js, once, from the installed plotly package: served by the app itself, never from outside.

/** @type {Promise<any> | undefined} */
let loading;

/**
 * The library, loaded when it is first asked for.
 * @param {string} version of the installed package: another version has another address
 * @returns {Promise<any>}
 */
export function loadPlotly(version) {
  const there = /** @type {any} */ (globalThis).Plotly;
  loading ??= there
    ? Promise.resolve(there)
    : load(new URL(`../optviz.plotly/plotly.js.gz?${encodeURIComponent(version)}`, import.meta.url).href);
  return loading;
}

/**
 * Streamlit's server lets browsers keep the file but does not say for how long, so they would ask for all of
 * it at every visit. The address names the version: what is kept is right.
 * @param {string} address
 */
async function load(address) {
  const answer = await fetch(address, { cache: "force-cache" });
  if (!answer.ok || !answer.body) throw new Error(`plotly.js could not be loaded (${answer.status})`);
  const text = new Response(answer.body.pipeThrough(new DecompressionStream("gzip")));
  const script = document.createElement("script");
  script.src = URL.createObjectURL(
    new Blob([await text.arrayBuffer()], { type: "text/javascript;charset=utf-8" }),
  );
  await new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = () => reject(new Error("plotly.js could not be run"));
    document.head.append(script);
  });
  URL.revokeObjectURL(script.src);
  return /** @type {any} */ (globalThis).Plotly;
}
