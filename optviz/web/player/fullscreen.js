// The whole screen, for a lecture hall.

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
