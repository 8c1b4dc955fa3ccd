// What stands in the places of the page that Streamlit gives to components.

/** @type {WeakMap<Element, { remove: () => void }>} */
const contents = new WeakMap();

/**
 * What stands in a place, made when it is first asked for; and what to answer Streamlit with, to be called when
 * the place goes away. Streamlit also calls it where its next message has overtaken the last one: the place is
 * still there then, and what stands in it must stay, with its playhead, its zoom and the whole screen.
 * @template {{ remove: () => void }} Content
 * @param {HTMLElement} parent
 * @param {new (parent: HTMLElement) => Content} Kind
 * @returns {[Content, () => void]}
 */
export function mounted(parent, Kind) {
  const content = /** @type {Content} */ (contents.get(parent) ?? new Kind(parent));
  contents.set(parent, content);
  const leave = () => {
    if (!parent.isConnected && contents.delete(parent)) content.remove();
  };
  return [content, leave];
}
