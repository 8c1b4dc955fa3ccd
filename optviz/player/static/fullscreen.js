// The whole screen, for a lecture hall.

/** Where letters are typed: there a space is one of them. */
const TYPED =
  "input:not([type=radio], [type=checkbox], [type=range], [type=button]), textarea, [contenteditable]";

/**
 * Whether a key is the space that plays on the whole screen, whatever has the focus: a lecturer has just clicked
 * a button, and the next space must not press it again. Enter does.
 * @param {KeyboardEvent} event
 */
export function plays(event) {
  const { target } = event;
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  const typed = target instanceof Element && target.closest(TYPED) !== null;
  return event.key === " " && plain && !typed && document.fullscreenElement !== null;
}

/**
 * The whole screen for an element; or back, whatever fills it.
 * @param {Element} element
 */
export async function toggleFullScreen(element) {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await element.requestFullscreen();
  } catch {
    // Some pages may not: an embedded one, say. Then nothing happens, and nothing is broken.
  }
}
