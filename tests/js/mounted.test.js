import assert from "node:assert/strict";
import { test } from "node:test";
import { mounted } from "../../optviz/player/static/mounted.js";

class Thing {
  /** @param {any} parent */
  constructor(parent) {
    this.parent = parent;
    this.removals = 0;
  }

  remove() {
    this.removals += 1;
  }
}

const place = () => /** @type {any} */ ({ isConnected: true });

test("a message that is overtaken by the next takes nothing down", () => {
  const parent = place();
  const { thing, leave } = mounted(parent, Thing);
  leave();
  const next = mounted(parent, Thing);
  assert.equal(next.thing, thing);
  assert.deepEqual([thing.parent, thing.removals], [parent, 0]);
});

test("what stands in a place goes away with it, once, however many messages there were", () => {
  const parent = place();
  const { thing, leave } = mounted(parent, Thing);
  const next = mounted(parent, Thing);
  const other = mounted(place(), Thing);
  parent.isConnected = false;
  for (const last of [leave, next.leave, leave]) last();
  assert.deepEqual([thing.removals, other.thing.removals], [1, 0]);
});
