// One visit of an asset on a fresh page.
//
// A *rung visit* forces one rung, lets the player fetch the asset whole, and looks at what is
// buffered. A *tour* plays as a viewer does, with the player's own buffering: seeks, changes of
// rung, and on to the end.

import { createEngine } from './engines.mjs';
import { Frames, SourceBuffers, randomFrom, ranges, sleep, until } from './watch.mjs';

/** How far the ends of the buffer, and the end of playback, may be from the duration, in seconds. */
const END_TOLERANCE = 0.1;
/** How far the frame shown after a seek may be from the time asked for, in seconds. */
const SEEK_TOLERANCE = 0.25;
/** After so many faults the rest is no news. */
const ENOUGH_FAULTS = 4;

/** So many milliseconds may pass before something that should happen counts as not happening. */
const PATIENCE = { load: 20_000, start: 15_000, seek: 12_000, advance: 12_000, buffer: 6_000 };

class EnoughFaults extends Error {}

/**
 * Makes a visit. `config.rung` is the rung of a rung visit; without it, it is a tour.
 *
 * @returns {Promise<{faults: string[], facts: object}>}
 */
export async function visit(config) {
  const player = new Visit(config);
  try {
    await player.begin();
    await (config.rung === undefined ? player.tour() : player.rungVisit());
    player.reportErrors();
  } catch (error) {
    if (!(error instanceof EnoughFaults)) player.faults.push(error.message);
  } finally {
    await player.engine.close().catch(() => {});
  }
  return { faults: player.faults, facts: player.facts };
}

class Visit {
  faults = [];
  facts = {};
  #errors = [];
  #gaveUp = false;
  #stalls = 0;

  constructor(config) {
    this.config = config;
    this.random = randomFrom(config.seed);
    this.sourceBuffers = new SourceBuffers();
    this.video = document.createElement('video');
    this.video.addEventListener('error', () => {
      this.#gaveUp = true;
      this.#errors.push(`media error ${this.video.error?.code} ${this.video.error?.message}`);
    });
    this.video.addEventListener('waiting', () => (this.#stalls += 1));
    document.body.append(this.video);
    this.engine = createEngine(config.engine, {
      video: this.video,
      bufferEverything: config.rung !== undefined,
      rung: config.rung,
      onError: (message, fatal) => {
        this.#errors.push(message);
        this.#gaveUp ||= fatal;
      },
    });
  }

  fault(message) {
    this.faults.push(message);
    if (this.faults.length >= ENOUGH_FAULTS) throw new EnoughFaults();
  }

  reportErrors() {
    new Set(this.#errors).forEach(error => this.fault(error));
  }

  /** No use in going on: what the player said is the reason. */
  stop(message) {
    this.faults.push(message, ...new Set(this.#errors));
    throw new EnoughFaults();
  }

  get hasPicture() {
    return this.config.hasPicture;
  }

  async begin() {
    const loaded = await Promise.race([
      this.engine.load(this.config.url).then(() => 'loaded', error => error.message),
      sleep(PATIENCE.load).then(() => `not within ${PATIENCE.load / 1000} s`),
    ]);
    if (loaded !== 'loaded') this.stop(`the manifest does not load: ${loaded}`);
    this.facts.rungs = this.engine.rungs();
    if (this.config.rung !== undefined) this.engine.force(this.config.rung);

    const started = performance.now();
    this.play();
    const playing = () => this.video.currentTime > 0.05 && this.video.readyState >= 3;
    await until(() => playing() || this.#gaveUp, PATIENCE.start);
    if (!playing()) this.stop('playback does not start');
    this.facts.startup_ms = Math.round(performance.now() - started);

    const { duration } = this.video;
    if (Math.abs(duration - this.config.duration) > END_TOLERANCE) {
      this.fault(`the duration is ${duration}, expected ${this.config.duration}`);
    }
  }

  play() {
    this.video.play().catch(() => {}); // interrupted by a seek or a pause: no fault
  }

  // ---- A rung visit

  async rungVisit() {
    this.video.pause();
    if (this.config.cover) await this.coverage();
    const target = this.random() * Math.max(0, this.config.duration - 2);
    await this.seek(target);
    this.play();
    await this.advance();
    this.decodedSize();
    await this.end();
  }

  /** The whole asset lies in one range of each SourceBuffer. */
  async coverage() {
    await this.seek(0);
    const { duration } = this.config;
    const covers = ([[start, end], ...more]) =>
      more.length === 0 && start <= END_TOLERANCE && end >= duration - END_TOLERANCE;
    const covered = () => {
      const buffers = this.sourceBuffers.buffered();
      return buffers.length > 0 && buffers.every(b => b.ranges.length > 0 && covers(b.ranges));
    };
    if (!(await this.untilBuffered(covered))) {
      // Once more from before the first hole: a player may have stopped for a reason of its own.
      const hole = this.sourceBuffers.buffered().find(b => b.ranges.length > 1);
      this.video.currentTime = hole ? Math.max(0, hole.ranges[0][1] - 1) : 0;
      this.facts.nudged = true;
      await this.untilBuffered(covered);
    }

    const buffers = this.sourceBuffers.buffered();
    this.facts.buffered = buffers;
    const kinds = Number(this.config.hasPicture) + Number(this.config.hasAudio);
    if (buffers.length !== kinds) {
      this.fault(`${buffers.length} SourceBuffers in use, expected ${kinds}`);
    }
    for (const { type, ranges: held } of buffers) {
      if (held.length !== 1) {
        this.fault(`${type}: ${held.length} buffered ranges ${JSON.stringify(held)}`);
      } else {
        const [[start, end]] = held;
        if (start > END_TOLERANCE) this.fault(`${type}: buffered from ${start} only`);
        if (Math.abs(end - duration) > END_TOLERANCE) {
          this.fault(`${type}: buffered up to ${end}, expected ${duration}`);
        }
      }
    }
  }

  /** Waits for `condition` as long as the buffers still grow. */
  async untilBuffered(condition) {
    let seen = '';
    for (;;) {
      const now = JSON.stringify(this.sourceBuffers.buffered());
      if (now === seen) return condition();
      seen = now;
      const changed = () => JSON.stringify(this.sourceBuffers.buffered()) !== seen;
      await until(() => condition() || changed() || this.#gaveUp, PATIENCE.buffer);
      if (condition() || this.#gaveUp) return condition();
    }
  }

  decodedSize() {
    const rung = this.facts.rungs[this.config.rung];
    const { videoWidth, videoHeight } = this.video;
    this.facts.decoded = `${videoWidth}x${videoHeight}`;
    const expected = this.hasPicture ? [rung.width, rung.height] : [0, 0];
    if (videoWidth !== expected[0] || videoHeight !== expected[1]) {
      this.fault(`decoded as ${this.facts.decoded}, declared as ${expected.join('x')}`);
    }
  }

  // ---- A tour

  async tour() {
    await this.randomSeeks();
    await this.steadyPlay();
    await this.end();
    await this.storyboard();
    this.facts.stalls = this.#stalls;
  }

  /** Seeks over the whole asset, each with a change of rung that does not drop the buffer. */
  async randomSeeks() {
    const rungs = this.facts.rungs.length;
    for (let count = 0; count < this.config.seeks; count += 1) {
      if (rungs > 1) this.engine.change(Math.floor(this.random() * rungs));
      await this.seek(this.random() * Math.max(0, this.config.duration - 0.5));
      this.play();
      await this.advance();
      this.video.pause();
    }
  }

  /** Plays at normal speed; a short asset from its first frame to its end. */
  async steadyPlay() {
    const { duration, playSeconds } = this.config;
    const whole = duration <= playSeconds;
    await this.seek(whole ? 0 : this.random() * (duration - playSeconds));

    const quality = this.video.getVideoPlaybackQuality();
    const audioBytes = this.video.webkitAudioDecodedByteCount;
    const frames = new Frames(this.video);
    const from = this.video.currentTime;
    const goal = whole ? duration : from + playSeconds;
    const arrived = () => this.video.ended || (!whole && this.video.currentTime >= goal);
    this.play();
    // Three times as long as it should take: the machine may be busy.
    await until(() => arrived() || this.#gaveUp, 5_000 + 3_000 * (goal - from));
    frames.stop();
    if (!arrived()) {
      const reached = this.video.currentTime.toFixed(3);
      this.fault(`steady play from ${from.toFixed(3)} to ${goal.toFixed(3)} got to ${reached}`);
    }
    if (frames.backwards > 0) this.fault(`${frames.backwards} frames were shown out of order`);
    if (this.config.hasAudio && this.video.webkitAudioDecodedByteCount <= audioBytes) {
      this.fault('no sound was decoded');
    }

    const after = this.video.getVideoPlaybackQuality();
    this.facts.played_seconds = Number((this.video.currentTime - from).toFixed(2));
    this.facts.frames = after.totalVideoFrames - quality.totalVideoFrames;
    this.facts.dropped_frames = after.droppedVideoFrames - quality.droppedVideoFrames;
  }

  /** Each tile that the player finds is a piece of a sheet that is really there. */
  async storyboard() {
    const times = [0, this.config.duration / 2, this.config.duration - 0.05];
    for (const time of times) {
      const tile = await this.engine.tile(time);
      if (tile === null) return;
      this.facts.tiles = (this.facts.tiles ?? 0) + 1;
      const image = new Image();
      image.src = tile.uris[0] ?? '';
      const decoded = await image.decode().then(() => true, () => false);
      if (!decoded) {
        this.fault(`storyboard at ${time}: no picture at '${image.src}'`);
      } else if (
        tile.positionX + tile.width > image.naturalWidth ||
        tile.positionY + tile.height > image.naturalHeight
      ) {
        const at = `${tile.width}x${tile.height} at ${tile.positionX},${tile.positionY}`;
        const sheet = `${image.naturalWidth}x${image.naturalHeight}`;
        this.fault(`storyboard at ${time}: the tile ${at} is outside its sheet of ${sheet}`);
      }
    }
  }

  // ---- Steps of both

  /** Goes to a time; the frame shown must be of that time. */
  async seek(seconds) {
    const { video } = this;
    const where = `seek to ${seconds.toFixed(3)}`;
    const frames = this.hasPicture ? new Frames(video) : null;
    video.currentTime = seconds;
    try {
      const landed = await until(
        () => (!video.seeking && video.readyState >= 2) || this.#gaveUp,
        PATIENCE.seek,
      );
      if (!landed || this.#gaveUp) {
        this.fault(`${where} does not end, buffered ${JSON.stringify(ranges(video.buffered))}`);
        return;
      }
      if (!frames) return;
      const near = () =>
        frames.newest !== null &&
        (Math.abs(frames.newest - seconds) <= SEEK_TOLERANCE ||
          // The machine was late: playback went on before the frame was looked at.
          (frames.newest > seconds && Math.abs(frames.newest - video.currentTime) <= SEEK_TOLERANCE));
      if (!(await until(near, 1_500)) && !video.ended) {
        this.play(); // a frame that is on screen already is not announced again
        await until(() => near() || video.ended, 3_000);
        video.pause();
        if (!near()) this.fault(`${where} shows the frame of ${frames.newest}`);
      }
    } finally {
      frames?.stop();
    }
  }

  /** Playback goes on from where it is. */
  async advance() {
    const { video } = this;
    const from = video.currentTime;
    const moved = () => video.ended || video.currentTime > from + 0.25;
    await until(() => moved() || this.#gaveUp, PATIENCE.advance);
    if (!moved()) {
      const held = JSON.stringify(ranges(video.buffered));
      this.fault(`playback stands still at ${from.toFixed(3)}, buffered ${held}`);
    }
  }

  /** Plays the last moment; `ended` must come, and at the duration. */
  async end() {
    const { video } = this;
    const { duration } = this.config;
    if (!video.ended) {
      await this.seek(Math.max(0, duration - 1.2));
      this.play();
      await until(() => video.ended || this.#gaveUp, PATIENCE.advance + 3_000);
    }
    if (!video.ended) {
      const held = JSON.stringify(ranges(video.buffered));
      this.fault(`it never ends: at ${video.currentTime} of ${duration}, buffered ${held}`);
    } else if (Math.abs(video.currentTime - duration) > END_TOLERANCE) {
      this.fault(`it ends at ${video.currentTime}, expected ${duration}`);
    }
  }
}
