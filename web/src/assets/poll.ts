// Reading the assets that move, again and again: less often while nothing happens, never while nobody looks.

import type { Asset } from '../api/types.ts';
import { isMoving } from './describe.ts';

const FIRST_MS = 1000;
const LONGEST_MS = 10_000;

/** When to look again, after looking `previous` milliseconds later than the time before. */
export function nextDelay(previous: number, changed: boolean): number {
  return changed ? FIRST_MS : Math.min(LONGEST_MS, previous * 1.5);
}

interface Ports {
  /** Rejects when the asset is gone or the server does not answer. */
  read(id: string): Promise<Asset>;
  heard(asset: Asset): void;
  gone(id: string): void;
  isGone(error: unknown): boolean;
  /** Whether somebody looks at the page. */
  visible(): boolean;
  /** Calls back later; gives what undoes it. */
  later(task: () => void, milliseconds: number): () => void;
}

export class Poll {
  readonly #ports: Ports;
  readonly #assets = new Map<string, string>();
  #delay = FIRST_MS;
  #cancel: (() => void) | undefined;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** Begins to read this asset if it moves, and ends if not. */
  follow(asset: Asset): void {
    if (!isMoving(asset)) {
      this.#assets.delete(asset.id);
      return;
    }
    if (!this.#assets.has(asset.id)) {
      this.#assets.set(asset.id, JSON.stringify(asset));
      this.#delay = FIRST_MS;
      this.#schedule();
    }
  }

  /** To be called when the page is shown or hidden. */
  visibilityChanged(): void {
    this.#delay = FIRST_MS;
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#assets.size === 0 || !this.#ports.visible()) return;
    this.#cancel = this.#ports.later(() => void this.#look(), this.#delay);
  }

  async #look(): Promise<void> {
    const looks = await Promise.all([...this.#assets.keys()].map(id => this.#lookAt(id)));
    this.#delay = nextDelay(this.#delay, looks.includes(true));
    this.#schedule();
  }

  /** Whether there was news. */
  async #lookAt(id: string): Promise<boolean> {
    try {
      return this.#compare(await this.#ports.read(id));
    } catch (error) {
      if (!this.#ports.isGone(error)) return false;
      this.#assets.delete(id);
      this.#ports.gone(id);
      return true;
    }
  }

  #compare(asset: Asset): boolean {
    const text = JSON.stringify(asset);
    if (this.#assets.get(asset.id) === text) return false;
    if (isMoving(asset)) this.#assets.set(asset.id, text);
    else this.#assets.delete(asset.id);
    this.#ports.heard(asset);
    return true;
  }
}
