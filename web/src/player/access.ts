// The right to fetch a stream, renewed before it runs out.

import type { Playback } from '../api/types.ts';

const MARGIN_MS = 60_000;
const SHORTEST_MS = 5_000;

/** When to ask again for what runs out at `expiresAt`. */
export function renewalDelay(expiresAt: string, nowMs: number): number {
  return Math.max(SHORTEST_MS, Date.parse(expiresAt) - nowMs - MARGIN_MS);
}

export class Access {
  readonly #ask: () => Promise<Playback>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #asking: Promise<Playback> | undefined;

  constructor(ask: () => Promise<Playback>) {
    this.#ask = ask;
  }

  /** Asks now, and again in good time; callers at the same time share one answer. */
  renew(): Promise<Playback> {
    this.#asking ??= this.#askOnce().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #askOnce(): Promise<Playback> {
    const playback = await this.#ask();
    clearTimeout(this.#timer);
    if (!this.#closed) {
      const delay = renewalDelay(playback.expires_at, Date.now());
      // A failure shows when the stream is refused; that asks again.
      this.#timer = setTimeout(() => void this.renew().catch(() => undefined), delay);
    }
    return playback;
  }
}
