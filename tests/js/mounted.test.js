import assert from "node:assert/strict";
import { test } from "node:test";
import { mounted } from "../../optviz/player/static/mounted.js";

class Content {
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
  const [content, leave] = mounted(parent, Content);
  leave();
  const [next] = mounted(parent, Content);
  assert.equal(next, content);
  assert.deepEqual([content.parent, content.removals], [parent, 0]);
});

test("what stands in a place goes away with it, once, however many messages there were", () => {
  const parent = place();
  const [content, leave] = mounted(parent, Content);
  const [, leaveNext] = mounted(parent, Content);
  const [other] = mounted(place(), Content);
  parent.isConnected = false;
  for (const last of [leave, leaveNext, leave]) last();
  assert.deepEqual([content.removals, other.removals], [1, 0]);
});
