// plotly.js, once, from the installed plotly package: served by the app itself, never from outside.

/** @type {Promise<any> | undefined} */
let loading;

/**
 * The library, loaded when it is first asked for.
 * @param {string} version of the installed package: another version has another address
 * @returns {Promise<any>}
 */
export function loadPlotly(version) {
  loading ??= load(
    new URL(`../optviz.plotly/plotly.min.js?${encodeURIComponent(version)}`, import.meta.url).href,
  );
  return loading;
}

/**
 * Streamlit's server lets browsers keep the file but does not say for how long, so they would ask for all of
 * it at every visit. The address names the version: what is kept is right.
 * @param {string} address
 */
async function load(address) {
  const answer = await fetch(address, { cache: "force-cache" });
  if (!answer.ok) throw new Error(`plotly.js could not be loaded (${answer.status})`);
  const kept = URL.createObjectURL(await answer.blob());
  try {
    await run(kept);
  } catch {
    await run(address); // a strict host may allow no scripts but those of its own addresses
  } finally {
    URL.revokeObjectURL(kept);
  }
  return /** @type {any} */ (globalThis).Plotly;
}

/** @param {string} address */
function run(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error("plotly.js could not be run"));
    document.head.append(script);
  });
}
