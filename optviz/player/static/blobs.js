// Bytes that have come by themselves: any number of players on a page may need them.

/** @type {import("./message.js").DigestBytes} */
const DIGEST = 8;

/** By their digests. @type {Map<string, ArrayBuffer>} */
const blobs = new Map();
/** @type {Set<Inbox>} */
const inboxes = new Set();

/**
 * Keep a message of bytes: 8 of digest, then numbers.
 * @param {Uint8Array} bytes
 */
export function receive(bytes) {
  const digest = Array.from(bytes.subarray(0, DIGEST), (byte) => byte.toString(16).padStart(2, "0")).join("");
  // A copy: the message may begin anywhere in its buffer, numbers may not.
  blobs.set(digest, /** @type {ArrayBuffer} */ (bytes.slice(DIGEST).buffer));
  for (const inbox of inboxes) inbox.unread.add(digest);
  for (const inbox of inboxes) inbox.arrived();
}

/** What of the bytes a player needs: those that it shows, and those that may belong to what it is shown next. */
export class Inbox {
  /** @param {() => void} arrived what to do whenever bytes have come */
  constructor(arrived) {
    this.arrived = arrived;
    /** @type {Set<string>} */
    this.shown = new Set();
    /** What has come since the last scene, and before it since the one before: it may belong to the next. */
    this.unread = new Set(blobs.keys());
    /** @type {Set<string>} */
    this.older = new Set();
    inboxes.add(this);
  }

  /**
   * Whether all that a scene needs is here; then what no player needs any more is let go.
   * @param {string[]} digests
   */
  take(digests) {
    if (!digests.every((digest) => blobs.has(digest))) return false;
    [this.shown, this.older, this.unread] = [new Set(digests), this.unread, new Set()];
    for (const digest of blobs.keys())
      if (![...inboxes].some((inbox) => inbox.needs(digest))) blobs.delete(digest);
    return true;
  }

  /** @param {string} digest */
  needs(digest) {
    return this.shown.has(digest) || this.older.has(digest) || this.unread.has(digest);
  }

  close() {
    inboxes.delete(this);
  }
}

/** @param {string} digest */
export function bytesOf(digest) {
  const numbers = blobs.get(digest);
  if (!numbers) throw new Error(`There is no blob ${digest}.`);
  return numbers;
}
