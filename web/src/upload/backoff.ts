// Trying again, later and later.

export interface Waiting {
  /** Resolves after this many milliseconds; rejects when the signal aborts. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** Resolves when the browser has a network; rejects when the signal aborts. */
  online(signal: AbortSignal): Promise<void>;
  /** 0 to 1, so that clients that failed together do not come back together. */
  random(): number;
}

export interface Attempts {
  limit: number;
  firstMs: number;
  longestMs: number;
}

/** Holds for about two minutes of faults. */
export const PATIENT: Attempts = { limit: 8, firstMs: 500, longestMs: 30_000 };

/** How long to wait before attempt `n + 1` once attempt `n` (from 1) failed. */
export function delay(attempts: Attempts, n: number, random: number): number {
  const full = Math.min(attempts.longestMs, attempts.firstMs * 2 ** (n - 1));
  return full / 2 + (full / 2) * random;
}

/**
 * The result of `task`, tried again while it fails with what `passing` accepts.
 * Without a network it waits for one first, and that costs no attempt.
 */
export async function persist<T>(
  task: (attempt: number) => Promise<T>,
  passing: (error: unknown) => boolean,
  waiting: Waiting,
  signal: AbortSignal,
  attempts: Attempts = PATIENT,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    await waiting.online(signal);
    try {
      return await task(attempt);
    } catch (error) {
      signal.throwIfAborted();
      if (attempt >= attempts.limit || !passing(error)) throw error;
    }
    await waiting.sleep(delay(attempts, attempt, waiting.random()), signal);
  }
}
