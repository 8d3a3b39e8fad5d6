// The bar below the picture: what can be pressed, and what it shows.

import { clock } from '../format.ts';
import { h } from '../ui/dom.ts';
import { icon, type IconName } from '../ui/icons.ts';
import type { Choice } from './choices.ts';
import type { ChoiceKind, Choices } from './engine.ts';
import { Menu } from './menu.ts';
import { SeekBar } from './seekbar.ts';

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];

export interface Actions {
  toggle(): void;
  mute(): void;
  volume(value: number): void;
  seek(seconds: number): void;
  rate(value: number): void;
  choose(kind: ChoiceKind, index: number): void;
  inset(): void;
  full(): void;
}

export class Controls {
  readonly element: HTMLElement;
  readonly seekBar: SeekBar;
  readonly #play: HTMLButtonElement;
  readonly #mute: HTMLButtonElement;
  readonly #full: HTMLButtonElement;
  readonly #volume: HTMLInputElement;
  readonly #time = h('span', { class: 'time' });
  readonly #menus: Record<ChoiceKind | 'rate', Menu>;

  /** `pictures`: there is something to see. */
  constructor(pictures: boolean, actions: Actions) {
    this.seekBar = new SeekBar(actions.seek);
    this.#play = control('play', 'Play', actions.toggle);
    this.#mute = control('sound', 'Mute', actions.mute);
    this.#full = control('full', 'Full screen', actions.full);
    this.#volume = h('input', { type: 'range', class: 'volume', min: 0, max: 1, step: 0.05, 'aria-label': 'Volume' });
    this.#volume.addEventListener('input', () => actions.volume(this.#volume.valueAsNumber));
    this.#menus = {
      captions: new Menu('captions', 'Captions', index => actions.choose('captions', index)),
      audio: new Menu('language', 'Audio', index => actions.choose('audio', index)),
      rate: new Menu('speed', 'Speed', index => actions.rate(RATES[index] ?? 1)),
      quality: new Menu('quality', 'Quality', index => actions.choose('quality', index)),
    };
    const inset = pictures && document.pictureInPictureEnabled && control('inset', 'Picture in picture', actions.inset);
    const row = h(
      'div',
      { class: 'controls__row' },
      this.#play,
      this.#mute,
      this.#volume,
      this.#time,
      h('span', { class: 'controls__space' }),
      ...Object.values(this.#menus).map(menu => menu.element),
      inset,
      document.fullscreenEnabled && this.#full,
    );
    this.element = h('div', { class: 'controls' }, this.seekBar.element, row);
  }

  get menuOpen(): boolean {
    return Object.values(this.#menus).some(menu => menu.isOpen);
  }

  showPlaying(playing: boolean): void {
    relabel(this.#play, playing ? 'pause' : 'play', playing ? 'Pause' : 'Play');
  }

  showVolume(volume: number, muted: boolean): void {
    const silent = muted || volume === 0;
    relabel(this.#mute, silent ? 'muted' : 'sound', silent ? 'Unmute' : 'Mute');
    this.#volume.valueAsNumber = silent ? 0 : volume;
    this.#volume.setAttribute('aria-valuetext', `${Math.round((silent ? 0 : volume) * 100)} %`);
    this.#volume.style.setProperty('--played', String(silent ? 0 : volume));
  }

  showFull(full: boolean): void {
    relabel(this.#full, full ? 'window' : 'full', full ? 'Leave full screen' : 'Full screen');
  }

  showTime(position: number, duration: number, loaded: number): void {
    this.#time.textContent = `${clock(position)} / ${clock(duration)}`;
    this.seekBar.show(position, duration, loaded);
  }

  showRate(rate: number): void {
    const choices = RATES.map((value, index) => ({ index, label: value === 1 ? 'Normal' : `${value}×` }));
    this.#menus.rate.show(choices, RATES.indexOf(rate), rate === 1 ? '' : `${rate}×`);
  }

  showChoices(kind: ChoiceKind, { choices, chosen, playing }: Choices): void {
    const labelOf = (index: number) => choices.find(choice => choice.index === index)?.label;
    if (kind === 'audio') {
      this.#menus.audio.show(choices, chosen, '');
    } else if (kind === 'captions') {
      this.#menus.captions.show(withFirst(choices, 'Off'), chosen, labelOf(chosen) ? 'on' : '');
    } else if (choices.length > 1) {
      const automatic = labelOf(playing) ? `Auto (${labelOf(playing)})` : 'Auto';
      this.#menus.quality.show(withFirst(choices, automatic), chosen, labelOf(chosen) ?? automatic);
    }
  }
}

function withFirst(choices: readonly Choice[], label: string): Choice[] {
  return choices.length === 0 ? [] : [{ index: -1, label }, ...choices];
}

function control(name: IconName, label: string, click: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'control', 'aria-label': label, title: label, click }, icon(name));
}

function relabel(button: HTMLButtonElement, name: IconName, label: string): void {
  if (button.title === label) return;
  button.title = label;
  button.setAttribute('aria-label', label);
  button.replaceChildren(icon(name));
}
