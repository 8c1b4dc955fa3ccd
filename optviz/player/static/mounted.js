// What stands in the places of the page that Streamlit gives to components.

/** @type {WeakMap<Element, { remove: () => void }>} */
const standing = new WeakMap();

/**
 * What stands in a place, made when it is first asked for; and what to answer Streamlit with, to be called when
 * the place goes away. Streamlit also calls it where its next message has overtaken the last one: the place is
 * still there then, and what stands in it must stay, with its playhead, its zoom and the whole screen.
 * @template {{ remove: () => void }} Thing
 * @param {HTMLElement} parent
 * @param {new (parent: HTMLElement) => Thing} Kind
 */
export function mounted(parent, Kind) {
  const thing = /** @type {Thing} */ (standing.get(parent) ?? new Kind(parent));
  standing.set(parent, thing);
  const leave = () => {
    if (parent.isConnected || !standing.delete(parent)) return;
    thing.remove();
  };
  return { thing, leave };
}
