// The seek bar, with the storyboard's picture above the pointer.

import { clock, spoken } from '../format.ts';
import { h } from '../ui/dom.ts';
import { tileAt, type Tile } from './storyboard.ts';

/** Fine enough for a pointer; the player's own keys go in seconds. */
const STEPS = 1000;

export class SeekBar {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #picture = h('div', { class: 'preview__picture', hidden: true });
  readonly #time = h('span', { class: 'preview__time' });
  readonly #preview: HTMLElement;
  #tiles: Tile[] = [];
  #duration = 0;

  constructor(seek: (seconds: number) => void) {
    this.#input = h('input', { type: 'range', min: 0, max: STEPS, value: 0, 'aria-label': 'Seek', class: 'seek__bar' });
    this.#preview = h('div', { class: 'preview', hidden: true, 'aria-hidden': 'true' }, this.#picture, this.#time);
    this.element = h('div', { class: 'seek' }, this.#preview, this.#input);
    this.#input.addEventListener('input', () => seek((this.#input.valueAsNumber / STEPS) * this.#duration));
    this.element.addEventListener('pointermove', event => this.#showPreview(event.clientX));
    this.element.addEventListener('pointerleave', () => {
      this.#preview.hidden = true;
    });
  }

  useStoryboard(tiles: Tile[]): void {
    this.#tiles = tiles;
  }

  /** Seconds: where playback is, how long all is, up to where it is loaded. */
  show(position: number, duration: number, loaded: number): void {
    this.#duration = Number.isFinite(duration) ? duration : 0;
    const share = this.#duration > 0 ? position / this.#duration : 0;
    this.#input.valueAsNumber = share * STEPS;
    this.#input.setAttribute('aria-valuetext', `${spoken(position)} of ${spoken(this.#duration)}`);
    this.#input.style.setProperty('--played', String(share));
    this.#input.style.setProperty('--loaded', String(this.#duration > 0 ? loaded / this.#duration : 0));
  }

  #showPreview(clientX: number): void {
    if (this.#duration === 0) return;
    const box = this.#input.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
    const seconds = share * this.#duration;
    this.#time.textContent = clock(seconds);
    this.#preview.hidden = false;
    this.#showTile(tileAt(this.#tiles, seconds));
    const half = this.#preview.offsetWidth / 2;
    const left = Math.min(box.width - half, Math.max(half, share * box.width));
    this.#preview.style.left = `${left}px`;
  }

  #showTile(tile: Tile | undefined): void {
    this.#picture.hidden = tile === undefined;
    if (!tile) return;
    const { style } = this.#picture;
    style.width = `${tile.width}px`;
    style.height = `${tile.height}px`;
    style.backgroundImage = `url("${tile.url}")`;
    style.backgroundPosition = `-${tile.x}px -${tile.y}px`;
  }
}
