// Where the block is on the screen.

import { HEIGHT } from "./mesh.js";

/** @typedef {import("./mesh.js").Floor} Floor */
/** Degrees; from above is 90. @typedef {{ azimuth: number, elevation: number, zoom: number }} Camera */
/**
 * A camera's orthographic map from the block to the screen, where `scale` is pixels a unit:
 * x = cx + scale · (cosA · X + sinA · Y), and y = cy - scale · (cosE · Z + sinE · (cosA · Y - sinA · X)).
 * Nearer to the viewer is a larger depth.
 * @typedef {{
 *   scale: number, cx: number, cy: number, cosA: number, sinA: number, cosE: number, sinE: number,
 * }} Projection
 */

/** Room for the labels: on the left and on the right, above, and below. */
const ROOM = { side: 64, top: 26, bottom: 50 };

/**
 * The whole block, at any azimuth, in a window of this size.
 * @param {Camera} camera
 * @param {Floor} floor
 * @param {number} width
 * @param {number} height
 * @param {number} scale of the labels' type
 * @returns {Projection}
 */
export function projectionOf(camera, floor, width, height, scale = 1) {
  const [azimuth, elevation] = [camera.azimuth, camera.elevation].map((angle) => (angle * Math.PI) / 180);
  const [cosE, sinE] = [Math.cos(elevation), Math.sin(elevation)];
  const across = 2 * Math.hypot(...floor.halves);
  const side = Math.min(ROOM.side * scale, 0.14 * width);
  const inner = height - (ROOM.top + ROOM.bottom) * scale;
  const fit = Math.min((width - 2 * side) / across, inner / (across * sinE + HEIGHT * cosE));
  return {
    scale: Math.max(fit, 1) * camera.zoom,
    cx: width / 2,
    cy: ROOM.top * scale + inner / 2,
    cosA: Math.cos(azimuth),
    sinA: Math.sin(azimuth),
    cosE,
    sinE,
  };
}

/**
 * The same projection, moved so that a place of the block is at a place of the screen.
 * @param {Projection} projection
 * @param {[number, number, number]} spot
 * @param {number} px
 * @param {number} py
 * @returns {Projection}
 */
export function pinned(projection, spot, px, py) {
  const [x, y] = projected(projection, ...spot);
  return { ...projection, cx: projection.cx + px - x, cy: projection.cy + py - y };
}

/**
 * The place of the block that is at a place of the screen, this near.
 * @param {Projection} projection
 * @param {number} px
 * @param {number} py
 * @param {number} near
 * @returns {[number, number, number]}
 */
export function unprojected({ scale, cx, cy, cosA, sinA, cosE, sinE }, px, py, near) {
  const [right, up] = [(px - cx) / scale, (cy - py) / scale];
  const back = sinE * up - cosE * near;
  return [cosA * right - sinA * back, sinA * right + cosA * back, cosE * up + sinE * near];
}

/**
 * Where a place is on the screen, and how near it is.
 * @param {Projection} projection
 * @param {number} x
 * @param {number} y
 * @param {number} z
 * @returns {[number, number, number]}
 */
export function projected({ scale, cx, cy, cosA, sinA, cosE, sinE }, x, y, z) {
  const back = cosA * y - sinA * x;
  return [cx + scale * (cosA * x + sinA * y), cy - scale * (cosE * z + sinE * back), sinE * z - cosE * back];
}
