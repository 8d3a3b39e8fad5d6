// How fast bytes go, over the last seconds. Pure: the caller brings the clock.

interface Sample {
  atMs: number;
  bytes: number;
}

const WINDOW_MS = 10_000;

export class Speed {
  #samples: Sample[] = [];

  /** Notes the total so far; a total below the last one (a part begins again) starts over. */
  note(atMs: number, bytes: number): void {
    const last = this.#samples.at(-1);
    if (last && bytes < last.bytes) this.#samples = [];
    this.#samples.push({ atMs, bytes });
    while ((this.#samples[1]?.atMs ?? Infinity) <= atMs - WINDOW_MS) this.#samples.shift();
  }

  forget(): void {
    this.#samples = [];
  }

  /** Undefined until there is a second of samples. */
  bytesPerSecond(): number | undefined {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < 1000) return undefined;
    return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  }

  remainingMs(bytesLeft: number): number | undefined {
    const rate = this.bytesPerSecond();
    return rate ? (bytesLeft * 1000) / rate : undefined;
  }
}
