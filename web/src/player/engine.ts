// hls.js behind the few words that the player needs. It is loaded when something is played.

import type HlsPlayer from 'hls.js';

import { qualityChoices, trackChoices, type Choice } from './choices.ts';

export type ChoiceKind = 'quality' | 'audio' | 'captions';

export interface Choices {
  choices: Choice[];
  /** The chosen one's index; -1 is automatic, or off. */
  chosen: number;
  /** What the engine plays where it chooses by itself. */
  playing: number;
}

interface News {
  /** What can be chosen, or what is chosen, is another. */
  changed(): void;
  /** Signed access ran out: the stream goes on after `recover`. */
  refused(): void;
  failed(words: string): void;
}

export interface Engine {
  choices(kind: ChoiceKind): Choices;
  choose(kind: ChoiceKind, index: number): void;
  /** Goes on after an error. */
  recover(): void;
  destroy(): void;
}

const UNPLAYABLE = 'This browser can’t play the stream. Update it or try another one.';

/** Attaches the stream to the element. */
export async function attach(video: HTMLVideoElement, url: string, startAt: number, news: News): Promise<Engine> {
  const { default: Hls } = await import('hls.js');
  if (Hls.isSupported()) return new HlsEngine(Hls, video, url, startAt, news);
  if (video.canPlayType('application/vnd.apple.mpegurl')) return native(video, url, news);
  throw new Error(UNPLAYABLE);
}

class HlsEngine implements Engine {
  readonly #hls: HlsPlayer;
  #mended = 0;

  constructor(Hls: typeof HlsPlayer, video: HTMLVideoElement, url: string, startAt: number, news: News) {
    this.#hls = new Hls({
      // Segments are CMAF already: there is nothing for a worker to do.
      enableWorker: false,
      capLevelToPlayerSize: true,
      startPosition: startAt > 0 ? startAt : -1,
    });
    const { Events } = Hls;
    const changes = [
      Events.MANIFEST_PARSED, Events.LEVEL_SWITCHED, Events.AUDIO_TRACKS_UPDATED, Events.AUDIO_TRACK_SWITCHED,
      Events.SUBTITLE_TRACKS_UPDATED, Events.SUBTITLE_TRACK_SWITCH,
    ] as const;
    for (const change of changes) this.#hls.on(change, () => news.changed());
    this.#hls.on(Events.ERROR, (_, data) => {
      if (data.response?.code === 403) news.refused();
      else if (data.fatal && data.type === Hls.ErrorTypes.MEDIA_ERROR) this.#mend(news);
      else if (data.fatal) news.failed('The stream did not arrive. Check the connection and try again.');
    });
    this.#hls.loadSource(url);
    this.#hls.attachMedia(video);
  }

  choices(kind: ChoiceKind): Choices {
    const hls = this.#hls;
    switch (kind) {
      case 'quality':
        return {
          choices: qualityChoices(hls.levels),
          chosen: hls.manualLevel,
          playing: hls.currentLevel,
        };
      case 'audio': {
        const chosen = hls.audioTrack;
        return { choices: trackChoices(hls.audioTracks, languageName), chosen, playing: chosen };
      }
      case 'captions': {
        const chosen = hls.subtitleDisplay ? hls.subtitleTrack : -1;
        return { choices: trackChoices(hls.subtitleTracks, languageName), chosen, playing: chosen };
      }
    }
  }

  choose(kind: ChoiceKind, index: number): void {
    switch (kind) {
      case 'quality':
        this.#hls.nextLevel = index;
        break;
      case 'audio':
        this.#hls.audioTrack = index;
        break;
      case 'captions':
        this.#hls.subtitleDisplay = index >= 0;
        this.#hls.subtitleTrack = index;
        break;
    }
  }

  recover(): void {
    this.#hls.startLoad();
  }

  destroy(): void {
    this.#hls.destroy();
  }

  #mend(news: News): void {
    this.#mended += 1;
    if (this.#mended > 2) news.failed('The stream could not be decoded. Try another browser.');
    else this.#hls.recoverMediaError();
  }
}

/** Browsers that play HLS by themselves choose the rung by themselves, too. */
function native(video: HTMLVideoElement, url: string, news: News): Engine {
  const none: Choices = { choices: [], chosen: -1, playing: -1 };
  const failed = () => news.failed(UNPLAYABLE);
  video.addEventListener('error', failed);
  video.src = url;
  return {
    choices: () => none,
    choose: () => undefined,
    recover: () => video.load(),
    destroy: () => {
      video.removeEventListener('error', failed);
      video.removeAttribute('src');
      video.load();
    },
  };
}

function languageName(code: string): string {
  try {
    return new Intl.DisplayNames(['en'], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
