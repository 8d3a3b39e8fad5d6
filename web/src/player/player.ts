// The player: a <video>, the engine that feeds it, and controls of our own over it.

import { explain } from '../api/problem.ts';
import type { Asset, Playback } from '../api/types.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { Access } from './access.ts';
import { Controls } from './controls.ts';
import { attach, type ChoiceKind, type Engine } from './engine.ts';
import { commandOf, type Command, type Focus } from './keys.ts';
import { parseStoryboard } from './storyboard.ts';

const IDLE_MS = 3000;
const KINDS: ChoiceKind[] = ['quality', 'audio', 'captions'];

export class Player {
  readonly element: HTMLElement;
  readonly #video: HTMLVideoElement;
  readonly #controls: Controls;
  readonly #failure = h('div', { class: 'player__failure', role: 'alert', hidden: true });
  readonly #access: Access;
  #engine: Engine | undefined;
  #url = '';
  /** It is to play as soon as there is a stream. */
  #wanted = false;
  #refusals = 0;
  #regaining = false;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(asset: Asset, ask: () => Promise<Playback>) {
    this.#access = new Access(ask);
    this.#video = h('video', { playsinline: true, preload: 'auto', 'aria-label': asset.title, poster: asset.poster });
    this.#controls = new Controls(asset.kind !== 'audio', {
      toggle: () => this.#toggle(),
      mute: () => this.#mute(),
      volume: value => this.#setVolume(value),
      seek: seconds => this.#seek(seconds),
      rate: value => {
        this.#video.playbackRate = value;
      },
      choose: (kind, index) => {
        this.#engine?.choose(kind, index);
        this.#showChoices();
      },
      inset: () => void this.#toggleInset(),
      full: () => void this.#toggleFull(),
    });
    this.element = h(
      'section',
      { class: `player player--${asset.kind ?? 'video'}`, 'aria-label': `Player: ${asset.title}`, tabindex: -1 },
      h(
        'div',
        { class: 'player__frame' },
        this.#video,
        asset.kind === 'audio' && !asset.poster && h('div', { class: 'player__cover' }, icon('note')),
        h('div', { class: 'player__wait', 'aria-hidden': 'true' }),
        h('div', { class: 'player__start', 'aria-hidden': 'true' }, icon('play')),
        this.#failure,
      ),
      this.#controls.element,
    );
    this.#listen();
    void this.#open();
  }

  destroy(): void {
    this.#closed = true;
    clearTimeout(this.#idleTimer);
    this.#access.close();
    this.#engine?.destroy();
  }

  /** Goes on with another playlist of the stream, where there is one: with other captions. */
  async renew(): Promise<void> {
    const playback = await this.#access.renew().catch(() => undefined);
    if (playback && !this.#closed && playback.hls !== this.#url) await this.#load(playback, this.#video.currentTime);
  }

  async #open(): Promise<void> {
    try {
      const playback = await this.#access.renew();
      await this.#load(playback, this.#video.currentTime);
      if (playback.storyboard) await this.#loadStoryboard(playback.storyboard);
    } catch (error) {
      this.#fail(explain(error));
    }
  }

  async #load(playback: Playback, startAt: number): Promise<void> {
    this.#wanted ||= this.#engine !== undefined && !this.#video.paused;
    this.#engine?.destroy();
    this.#engine = undefined;
    this.#url = playback.hls;
    const engine = await attach(this.#video, playback.hls, startAt, {
      changed: () => this.#showChoices(),
      refused: () => void this.#regain(),
      failed: words => this.#fail(words),
    });
    if (this.#closed) engine.destroy();
    else this.#begin(engine);
  }

  #begin(engine: Engine): void {
    this.#engine = engine;
    this.#showChoices();
    if (!this.#wanted) return;
    this.#wanted = false;
    this.#toggle();
  }

  /** A stream without previews is still a stream. */
  async #loadStoryboard(path: string): Promise<void> {
    const response = await fetch(path).catch(() => undefined);
    if (!response?.ok) return;
    this.#controls.seekBar.useStoryboard(parseStoryboard(await response.text(), response.url));
  }

  /** Signed access ran out, for example while the machine slept. */
  async #regain(): Promise<void> {
    // Sound and picture are refused at the same time.
    if (this.#regaining) return;
    this.#regaining = true;
    this.#refusals += 1;
    try {
      if (this.#refusals > 3) throw new Error('The stream is refused. Reload the page.');
      const playback = await this.#access.renew();
      // A newer job has replaced the stream meanwhile.
      if (playback.hls !== this.#url) await this.#load(playback, this.#video.currentTime);
      else this.#engine?.recover();
    } catch (error) {
      this.#fail(explain(error));
    } finally {
      this.#regaining = false;
    }
  }

  #fail(words: string): void {
    const again = () => {
      this.#failure.hidden = true;
      this.#refusals = 0;
      void this.#open();
    };
    this.#failure.replaceChildren(
      h('p', {}, words),
      h('button', { type: 'button', class: 'button', click: again }, 'Try again'),
    );
    this.#failure.hidden = false;
  }

  #listen(): void {
    const video = this.#video;
    const on = (names: string, listener: () => void) => {
      for (const name of names.split(' ')) video.addEventListener(name, listener);
    };
    on('play pause ended', () => this.#showPlaying());
    on('timeupdate durationchange progress seeking loadedmetadata', () => this.#showTime());
    on('volumechange', () => this.#controls.showVolume(video.volume, video.muted));
    on('ratechange', () => this.#controls.showRate(video.playbackRate));
    on('waiting', () => {
      this.element.dataset['waiting'] = '';
    });
    on('playing pause seeked emptied', () => {
      delete this.element.dataset['waiting'];
    });
    on('playing', () => {
      this.#refusals = 0;
    });
    on('click', () => {
      this.element.focus();
      this.#toggle();
    });
    this.element.addEventListener('fullscreenchange', () => {
      this.#controls.showFull(document.fullscreenElement === this.element);
    });
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) {
      this.element.addEventListener(name, () => this.#wake());
    }
    // Only here: letters as shortcuts of the whole page would be in the way of assistive technology.
    this.element.addEventListener('keydown', event => this.#press(event));
    this.#controls.showVolume(video.volume, video.muted);
    this.#controls.showRate(1);
    this.#showTime();
    this.#showPlaying();
  }

  #press(event: KeyboardEvent): void {
    if (event.defaultPrevented) return;
    const command = commandOf(event, focusOf(event.target));
    if (!command) return;
    event.preventDefault();
    this.#wake();
    this.#obey(command);
  }

  #obey(command: Command): void {
    const { currentTime, duration, volume } = this.#video;
    switch (command.do) {
      case 'toggle':
        return this.#toggle();
      case 'mute':
        return this.#mute();
      case 'full':
        return void this.#toggleFull();
      case 'captions':
        return this.#toggleCaptions();
      case 'seek':
        return this.#seek(currentTime + command.by);
      case 'jump':
        return this.#seek(duration * command.to);
      case 'volume':
        return this.#setVolume(volume + command.by);
    }
  }

  #toggle(): void {
    // A stream that is attached later would undo what was asked of the element before.
    if (!this.#engine) this.#wanted = !this.#wanted;
    else if (!this.#video.paused) this.#video.pause();
    // The browser refuses where nobody pressed anything; the button still says Play then.
    else void this.#video.play().catch(() => undefined);
    this.#showPlaying();
  }

  #mute(): void {
    this.#video.muted = !this.#video.muted;
  }

  #setVolume(value: number): void {
    this.#video.volume = Math.min(1, Math.max(0, value));
    this.#video.muted = false;
  }

  #seek(seconds: number): void {
    const { duration } = this.#video;
    if (Number.isFinite(duration)) this.#video.currentTime = Math.min(duration, Math.max(0, seconds));
  }

  #toggleCaptions(): void {
    const captions = this.#engine?.choices('captions');
    if (!captions || captions.choices.length === 0) return;
    this.#engine?.choose('captions', captions.chosen < 0 ? 0 : -1);
    this.#showChoices();
  }

  async #toggleInset(): Promise<void> {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.#video.requestPictureInPicture().catch(() => undefined);
  }

  async #toggleFull(): Promise<void> {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await this.element.requestFullscreen().catch(() => undefined);
  }

  #showChoices(): void {
    if (!this.#engine) return;
    for (const kind of KINDS) this.#controls.showChoices(kind, this.#engine.choices(kind));
  }

  #showPlaying(): void {
    const playing = this.#wanted || (!this.#video.paused && !this.#video.ended);
    if (playing) this.element.dataset['started'] = '';
    this.#controls.showPlaying(playing);
    this.#wake();
  }

  #showTime(): void {
    const { currentTime, duration, buffered } = this.#video;
    const loaded = buffered.length > 0 ? buffered.end(buffered.length - 1) : 0;
    this.#controls.showTime(currentTime, duration, loaded);
  }

  /** Shows the controls; they go again when nothing happens while it plays. */
  #wake(): void {
    delete this.element.dataset['idle'];
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      const busy = this.#controls.menuOpen || this.#controls.element.querySelector(':focus-visible') !== null;
      if (!this.#video.paused && !busy) this.element.dataset['idle'] = '';
    }, IDLE_MS);
  }
}

/** Nearly everything that can have the focus here is a button. */
function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof HTMLElement)) return 'other';
  if (target.closest('[role="menu"]')) return 'menu';
  if (target.matches('.volume')) return 'volume';
  return target.matches('button') ? 'button' : 'other';
}
