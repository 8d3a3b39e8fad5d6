// What can be seen of a <video>: where it plays, what it shows, what its SourceBuffers hold.

export const sleep = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Waits until `condition()` holds; false when it did not within the time. */
export async function until(condition, milliseconds) {
  const deadline = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

/** [start, end] of each range in seconds, to the millisecond. */
export function ranges(timeRanges) {
  const round = seconds => Math.round(seconds * 1000) / 1000;
  return Array.from({ length: timeRanges.length }, (_, index) => [
    round(timeRanges.start(index)),
    round(timeRanges.end(index)),
  ]);
}

/** Keeps account of every SourceBuffer that a player on this page makes. */
export class SourceBuffers {
  #made = [];

  constructor() {
    const made = this.#made;
    const original = MediaSource.prototype.addSourceBuffer;
    MediaSource.prototype.addSourceBuffer = function addSourceBuffer(type) {
      const buffer = original.call(this, type);
      made.push({ type, buffer, source: this });
      return buffer;
    };
  }

  /** `{type, ranges}` of each one that is in use. */
  buffered() {
    return this.#made
      .filter(({ buffer, source }) => Array.from(source.sourceBuffers).includes(buffer))
      .map(({ type, buffer }) => ({ type, ranges: ranges(buffer.buffered) }));
  }
}

/** The media time of frames as they are shown, while it watches. */
export class Frames {
  #video;
  #watching = true;
  /** Media time of the newest frame, in seconds. */
  newest = null;
  /** How often a frame was older than the one shown before it. */
  backwards = 0;

  constructor(video) {
    this.#video = video;
    this.#next();
  }

  #next() {
    this.#video.requestVideoFrameCallback((_, { mediaTime }) => {
      if (!this.#watching) return;
      if (this.newest !== null && mediaTime < this.newest - 1e-6) this.backwards += 1;
      this.newest = mediaTime;
      this.#next();
    });
  }

  stop() {
    this.#watching = false;
  }
}

/** Pseudo-random numbers in [0, 1): the same for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
