import assert from "node:assert/strict";
import { test } from "node:test";
import { pinned, projected, projectionOf, unprojected } from "../../optviz/player/static/relief/camera.js";
import { HEIGHT, Heights } from "../../optviz/player/static/relief/mesh.js";
import { chance, near, several } from "./chance.js";

const random = chance(11);
const between = (/** @type {number} */ low, /** @type {number} */ high) => low + random() * (high - low);

/**
 * A scene with a surface.
 * @param {number} nx
 * @param {number} ny
 * @param {(i: number, j: number) => number} of
 * @param {string} units
 * @returns {any}
 */
function scene(nx, ny, of, units = "fill") {
  const losses = Float32Array.from({ length: nx * ny }, (_, k) => of(k % nx, Math.floor(k / nx)));
  const domain = [
    [1e6, 1e6 + 3],
    [-2, 4],
  ];
  const surface = { size: [nx, ny], levels: [0, 1, 2, 3, 4], domain, filled: 0.8, natural: false };
  return { losses, data: { surface, view: { units } } };
}

const cameras = several(60, () => ({
  camera: { azimuth: between(0, 360), elevation: between(5, 89), zoom: 1 },
  floor: /** @type {any} */ ({ halves: [between(0.2, 1), between(0.2, 1)] }),
  width: between(300, 1400),
  height: between(300, 900),
}));

test("the whole block is in the window, from every side", () => {
  for (const { camera, floor, width, height } of cameras) {
    const projection = projectionOf(camera, floor, width, height);
    for (const x of [-1, 1])
      for (const y of [-1, 1])
        for (const z of [-HEIGHT / 2, HEIGHT / 2]) {
          const [px, py] = projected(projection, x * floor.halves[0], y * floor.halves[1], z);
          assert(px >= 0 && px <= width && py >= 0 && py <= height);
        }
  }
});

test("what is on the screen leads back to the block, and a pinned place stays where it is", () => {
  for (const { camera, floor, width, height } of cameras) {
    const projection = projectionOf(camera, floor, width, height);
    const spot = /** @type {[number, number, number]} */ (several(3, () => between(-1, 1)));
    const back = unprojected(projection, ...projected(projection, ...spot));
    for (const [k, value] of spot.entries()) near(back[k], value);
    const [px, py] = projected(pinned(projection, spot, 17, 23), ...spot);
    near(px, 17);
    near(py, 23);
  }
});

test("nearer is nearer: the side towards the viewer is before the other", () => {
  for (const { camera, floor, width, height } of cameras) {
    const projection = projectionOf(camera, floor, width, height);
    const { cosA, sinA, cosE, sinE } = projection;
    const towards = [sinA * cosE, -cosA * cosE, sinE];
    const [, , near0] = projected(projection, 0, 0, 0);
    const [, , near1] = projected(projection, towards[0], towards[1], towards[2]);
    near(near1 - near0, 1);
  }
});

test("the drawn surface has the heights of its grid, and between them those of the corners", () => {
  const heights = new Heights(scene(7, 5, () => between(-1, 5)));
  const [hx, hy] = heights.floor.halves;
  for (let j = 0; j < 5; j++)
    for (let i = 0; i < 7; i++)
      near(heights.at(-hx + (2 * hx * i) / 6, -hy + (2 * hy * j) / 4), heights.z[7 * j + i], 1e-6);
  for (let tries = 0; tries < 300; tries++) {
    const [u, v] = [between(0, 5.999), between(0, 3.999)];
    const corner = 7 * Math.floor(v) + Math.floor(u);
    const around = [0, 1, 7, 8].map((by) => heights.z[corner + by]);
    const z = heights.at(-hx + (2 * hx * u) / 6, -hy + (2 * hy * v) / 4);
    assert(z >= Math.min(...around) - 1e-6 && z <= Math.max(...around) + 1e-6);
  }
});

test("far from 0, a value is at its place of the floor", () => {
  for (const units of ["fill", "equal"]) {
    const { floor } = new Heights(scene(3, 3, () => 1, units));
    near(floor.at(0, 1e6), -floor.halves[0]);
    near(floor.at(0, 1e6 + 1.5), 0);
    near(floor.at(1, 4), floor.halves[1]);
    if (units === "equal") near(floor.halves[1] / floor.halves[0], 2);
    assert.equal(Math.max(...floor.halves), 1);
  }
});

for (const stride of [1, 2, 3]) {
  test(`of every ${stride}. point, triangles cover the floor once and face up, and walls close the sides`, () => {
    const mesh = new Heights(scene(8, 6, () => between(0, 4))).mesh(stride);
    const { x, y, z, normals, triangles, own } = mesh;
    let covered = 0;
    let walls = 0;
    for (let k = 0; k < triangles.length; k += 3) {
      const [a, b, c] = triangles.subarray(k, k + 3);
      const area = ((x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])) / 2;
      if (Math.max(a, b, c) < own) {
        assert(area > 0);
        covered += area;
      } else {
        walls += 1;
        near(area, 0, 1e-6);
      }
    }
    const [hx, hy] = [Math.max(...x), Math.max(...y)];
    near(covered, 4 * hx * hy, 1e-5);
    assert(walls > 0);
    for (let k = 0; k < x.length; k++) {
      near(Math.hypot(...normals.subarray(3 * k, 3 * k + 3)), 1, 1e-5);
      assert(Math.abs(z[k]) <= HEIGHT / 2 + 1e-6);
    }
    near(Math.max(...x.subarray(0, own)), hx);
  });
}

test("where there is no number there is a hole", () => {
  const mesh = new Heights(scene(5, 5, (i, j) => (i === 2 && j === 2 ? Number.NaN : 1))).mesh(1);
  assert(!mesh.triangles.includes(12));
  assert.equal(new Heights(scene(5, 5, () => 1)).mesh(1).triangles.includes(12), true);
});
