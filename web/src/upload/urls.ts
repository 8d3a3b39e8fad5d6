// Signed addresses of parts, asked for in batches and thrown away when they run out.

import type { SignedPart, SignedParts } from '../api/types.ts';

const BATCH = 16;
/** A transfer that begins this close to the end might outlive its signature. */
const MARGIN_MS = 60_000;

interface Held {
  part: SignedPart;
  expiresAtMs: number;
}

export class SignedUrls {
  readonly #sign: (numbers: number[]) => Promise<SignedParts>;
  readonly #now: () => number;
  readonly #held = new Map<number, Held>();
  #asking: Promise<void> | undefined;

  constructor(sign: (numbers: number[]) => Promise<SignedParts>, now: () => number) {
    this.#sign = sign;
    this.#now = now;
  }

  /** The address of part `number`; `upcoming` are asked for along with it. */
  async of(number: number, upcoming: readonly number[]): Promise<SignedPart> {
    for (;;) {
      const held = this.#held.get(number);
      if (held && held.expiresAtMs - MARGIN_MS > this.#now()) return held.part;
      if (this.#asking) await this.#asking;
      else return await this.#ask(number, upcoming);
    }
  }

  /** Forgets an address that the store refused. */
  drop(number: number): void {
    this.#held.delete(number);
  }

  async #ask(number: number, upcoming: readonly number[]): Promise<SignedPart> {
    const others = upcoming.filter(other => other !== number);
    const asking = this.#fill([number, ...others].slice(0, BATCH));
    this.#asking = asking.finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
    const held = this.#held.get(number);
    if (!held) throw new Error(`The server gave no address for part ${number}.`);
    return held.part;
  }

  async #fill(numbers: number[]): Promise<void> {
    const signed = await this.#sign(numbers);
    const expiresAtMs = Date.parse(signed.expires_at);
    for (const part of signed.parts) this.#held.set(part.number, { part, expiresAtMs });
  }
}
