// The players behind one face. Each loads a manifest into a <video>, lists its rungs from the lowest
// bandwidth up, and plays the rung that it is told.

/* global Hls, shaka */

/** Far more seconds than a test asset has: the player fetches the asset to its end. */
const EVERYTHING_SECONDS = 10_000;

class HlsJs {
  #hls;
  #rung;

  constructor({ video, bufferEverything, rung, onError }) {
    this.#rung = rung;
    const unlimited = {
      maxBufferLength: EVERYTHING_SECONDS,
      maxMaxBufferLength: EVERYTHING_SECONDS,
      maxBufferSize: 2e9,
      backBufferLength: EVERYTHING_SECONDS,
    };
    this.#hls = new Hls({
      ...(bufferEverything ? unlimited : {}),
      autoStartLoad: false,
      startLevel: rung ?? 0,
      fragLoadingMaxRetry: 1,
    });
    this.#hls.attachMedia(video);
    this.#hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal || !this.#isHarmless(data)) onError(describeHlsError(data), data.fatal);
    });
  }

  /**
   * A stall on a busy machine, and what a change of rung interrupts or appends again, are no faults
   * of the asset. What is buffered in the end is looked at by itself.
   */
  #isHarmless({ details }) {
    const { ErrorDetails } = Hls;
    return [
      ErrorDetails.BUFFER_STALLED_ERROR,
      ErrorDetails.BUFFER_NUDGE_ON_STALL,
      ErrorDetails.BUFFER_FULL_ERROR,
      ErrorDetails.INTERNAL_ABORTED,
      'bufferAppendNoProgress',
    ].includes(details);
  }

  async load(url) {
    await new Promise((resolve, reject) => {
      this.#hls.once(Hls.Events.MANIFEST_PARSED, resolve);
      this.#hls.on(Hls.Events.ERROR, (_, data) => {
        if (data.fatal) reject(new Error(describeHlsError(data)));
      });
      this.#hls.loadSource(url);
    });
    if (this.#rung !== undefined) this.#hls.loadLevel = this.#rung;
    this.#hls.startLoad(0);
  }

  rungs() {
    return this.#hls.levels.map(level => ({
      width: level.width,
      height: level.height,
      bandwidth: level.bitrate,
      codecs: level.attrs?.CODECS,
    }));
  }

  /** Plays `rung` from the first segment on; it was named before loading. */
  force(rung) {
    if (this.#hls.loadLevel !== rung) this.#hls.currentLevel = rung;
  }

  /**
   * Goes over to `rung` with the next segment that is fetched. (`nextLevel` would drop what is
   * buffered; after a seek in that moment Chromium waits for a keyframe that it has passed already.)
   */
  change(rung) {
    this.#hls.loadLevel = rung;
  }

  /** What there is to read, each with its language and what it is for. */
  texts() {
    return this.#hls.subtitleTracks.map(({ lang, forced, characteristics }) => {
      const isForTheDeaf = characteristics?.includes('describes-music-and-sound');
      return { language: lang, kind: forced ? 'forced' : isForTheDeaf ? 'captions' : 'subtitles' };
    });
  }

  showText(index) {
    this.#hls.subtitleDisplay = true;
    this.#hls.subtitleTrack = index;
  }

  async tile() {
    return null;
  }

  async close() {
    this.#hls.destroy();
  }
}

function describeHlsError({ details, fatal, frag, error, reason, response }) {
  const where = frag ? ` at segment ${frag.sn} of ${frag.type} level ${frag.level}` : '';
  const status = response?.code ? ` (HTTP ${response.code})` : '';
  const why = error?.message ?? reason ?? '';
  return `hls.js${fatal ? ' gives up' : ''}: ${details}${where}${status} ${why}`.trim();
}

class Shaka {
  #player;
  #video;

  constructor({ video, bufferEverything, onError }) {
    shaka.polyfill.installAll();
    this.#video = video;
    this.#player = new shaka.Player();
    const unlimited = { bufferingGoal: EVERYTHING_SECONDS, bufferBehind: EVERYTHING_SECONDS };
    this.#player.configure({
      abr: { enabled: false },
      streaming: {
        ...(bufferEverything ? unlimited : {}),
        retryParameters: { maxAttempts: 2 },
      },
    });
    this.#player.addEventListener('error', ({ detail }) => {
      const fatal = detail.severity === shaka.util.Error.Severity.CRITICAL;
      onError(describeShakaError(detail), fatal);
    });
  }

  async load(url) {
    try {
      await this.#player.attach(this.#video);
      await this.#player.load(url);
    } catch (error) {
      throw new Error(describeShakaError(error));
    }
  }

  /** One variant track for each rung of the picture (of the sound, where there is no picture). */
  #tracks() {
    const sorted = this.#player.getVariantTracks().toSorted((a, b) => a.bandwidth - b.bandwidth);
    const rungOf = track => track.videoId ?? track.audioId ?? track.id;
    return [...new Map(sorted.map(track => [rungOf(track), track])).values()];
  }

  rungs() {
    return this.#tracks().map(({ width, height, bandwidth, codecs }) => ({
      width: width ?? 0,
      height: height ?? 0,
      bandwidth,
      codecs,
    }));
  }

  /** Plays `rung` at once and drops what is buffered of another. */
  force(rung) {
    this.#player.selectVariantTrack(this.#tracks()[rung], true);
  }

  /** Goes over to `rung` with the next segment that is fetched. */
  change(rung) {
    this.#player.selectVariantTrack(this.#tracks()[rung], false);
  }

  /** What there is to read, each with its language and what it is for. */
  texts() {
    return this.#player.getTextTracks().map(({ language, forced, kind, roles, accessibilityPurpose }) => {
      const isForTheDeaf =
        kind === 'caption' || accessibilityPurpose === 'hard of hearing' || roles.some(isDescription);
      return { language, kind: forced ? 'forced' : isForTheDeaf ? 'captions' : 'subtitles' };
    });
  }

  showText(index) {
    this.#player.selectTextTrack(this.#player.getTextTracks()[index]);
  }

  /** The storyboard tile for a time, as the player finds it; null where there is no storyboard. */
  async tile(seconds) {
    const [track] = this.#player.getImageTracks();
    if (!track) return null;
    const tile = await this.#player.getThumbnails(track.id, seconds);
    return tile ?? { uris: [] };
  }

  async close() {
    await this.#player.destroy();
  }
}

/** As HLS names it. */
const isDescription = role => role.includes('describes-music-and-sound');

function describeShakaError(error) {
  const data = JSON.stringify(error.data ?? []).slice(0, 200);
  const gives = error.severity === shaka.util.Error.Severity.CRITICAL ? ' gives up' : '';
  return `shaka${gives}: code ${error.code} ${data} ${error.message ?? ''}`.trim();
}

/** A player of `engine`: hlsjs, shaka-hls or shaka-dash. */
export function createEngine(engine, options) {
  return engine === 'hlsjs' ? new HlsJs(options) : new Shaka(options);
}
