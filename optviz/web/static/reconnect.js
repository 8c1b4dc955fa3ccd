// A page whose server is gone and that finds another: with several behind one address, or one that was restarted.

/** @type {WeakSet<Element>} */
const watched = new WeakSet();

/**
 * Ask for the page anew whenever its connection is back. Streamlit does so where a run was interrupted and no
 * more. To another server the page is unknown, and each edit of a part of it would be dropped in silence. The
 * page is asked for as by back and forward: by its address, which is the whole experiment.
 */
export default function mount() {
  const app = document.querySelector('[data-testid="stApp"]');
  if (!(app instanceof HTMLElement) || watched.has(app)) return;
  watched.add(app);
  let lost = false;
  new MutationObserver(() => {
    const connected = app.dataset.testConnectionState === "CONNECTED";
    if (connected && lost) dispatchEvent(new PopStateEvent("popstate"));
    lost = !connected;
  }).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
}
