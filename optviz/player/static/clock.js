// The one playhead: every chart and number shows what was at its position.

import { clamp, wholeStep } from "./numbers.js";

/** Seconds that a whole experiment takes at speed 1, unless it would be too slow to follow. */
const WHOLE = 8;
/** Steps a second below which it looks slow rather than calm. */
const SLOWEST = 15;
/** Steps a second in slow motion, whose speed is 0: time to read what runs. */
const SLOW = 0.4;
/** A visitor who wants less motion sees it in jumps of this many milliseconds. */
const JUMP = 500;
/** Milliseconds between two updates of numbers while it plays: faster ones cannot be read. */
export const READABLE = 100;

export class Clock {
  /** A playhead begins at the end: the whole path is what one wants to see first. */
  position = 1;
  end = 1;
  playing = false;
  speed = 1;
  loop = false;

  /** @param {() => void} show what to do whenever the position, or whether it plays, has changed */
  constructor(show) {
    this.show = show;
    this.calm = globalThis.matchMedia("(prefers-reduced-motion: reduce)");
    this.frame = 0;
    this.last = 0;
    this.saved = 0;
  }

  /** Steps, or evaluations, a second. */
  get rate() {
    return this.slow ? SLOW : this.speed * Math.max(this.end / WHOLE, SLOWEST);
  }

  get slow() {
    return this.speed === 0;
  }

  /**
   * Another experiment: a playhead at the end stays at the end, any other where it was.
   * @param {number} end
   */
  resize(end) {
    const atEnd = this.position >= this.end;
    this.end = end;
    this.position = atEnd && !this.playing ? end : Math.min(this.position, end);
  }

  play() {
    if (this.playing) return;
    if (this.position >= this.end) this.position = 0;
    this.playing = true;
    this.last = performance.now();
    this.saved = 0;
    this.frame = requestAnimationFrame((now) => this.tick(now));
    this.show();
  }

  pause() {
    this.stop();
    this.seek(wholeStep(this.position));
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Stop without a word: the page goes away. */
  stop() {
    this.playing = false;
    cancelAnimationFrame(this.frame);
  }

  /** @param {number} position */
  seek(position) {
    this.position = clamp(position, 0, this.end);
    this.show();
  }

  /**
   * Pause, and go some whole steps.
   * @param {number} by
   */
  step(by) {
    this.stop();
    this.seek((by > 0 ? wholeStep(this.position) : -wholeStep(-this.position)) + by);
  }

  /** @param {number} now */
  tick(now) {
    if (!this.playing) return;
    this.frame = requestAnimationFrame((next) => this.tick(next));
    // A tab in the background, or a busy browser, must not make the playhead leap.
    this.saved += clamp(now - this.last, 0, 250);
    this.last = now;
    if (this.calm.matches && this.saved < JUMP) return;
    this.advance((this.saved / 1000) * this.rate);
    this.saved = 0;
  }

  /** @param {number} by */
  advance(by) {
    const next = this.position + by;
    if (next < this.end) this.seek(next);
    else if (this.loop) this.seek(this.position < this.end ? this.end : 0);
    else {
      this.stop();
      this.seek(this.end);
    }
  }
}
