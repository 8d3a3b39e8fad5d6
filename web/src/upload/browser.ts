// What a session needs of the browser.

import type { Waiting } from './backoff.ts';

/** Reading a file twice is quick up to here. */
const DIGEST_LIMIT = 32 * 1024 * 1024;

export const browserWaiting: Waiting = {
  sleep: (milliseconds, signal) => settled(signal, resolve => {
    const timer = setTimeout(resolve, milliseconds);
    return () => clearTimeout(timer);
  }),
  online: (signal) => settled(signal, resolve => {
    if (navigator.onLine) resolve();
    window.addEventListener('online', resolve);
    return () => window.removeEventListener('online', resolve);
  }),
  random: Math.random,
};

/** SHA-256 as hex digits; nothing for a big file, or where the page has no cryptography. */
export async function digest(file: Blob): Promise<string | undefined> {
  if (file.size > DIGEST_LIMIT || !globalThis.crypto?.subtle) return undefined;
  const hash = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(hash)].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

/** Resolves when `begin` says so, rejects when the signal aborts; then undoes what `begin` began. */
async function settled(signal: AbortSignal, begin: (resolve: () => void) => () => void): Promise<void> {
  signal.throwIfAborted();
  let undo = () => {};
  let stop = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener('abort', stop);
      undo = begin(resolve);
    });
  } finally {
    signal.removeEventListener('abort', stop);
    undo();
  }
}
