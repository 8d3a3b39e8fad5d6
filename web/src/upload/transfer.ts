// One part to the store. XMLHttpRequest, because fetch does not tell how much it has sent.

import type { SignedPart } from '../api/types.ts';

/** The store's answer to a part; status 0 when there was none. */
export class PartRefused extends Error {
  override name = 'PartRefused';

  constructor(readonly status: number) {
    super(status === 0 ? 'The connection to the store broke off.' : `The store answered with status ${status}.`);
  }
}

/** A minute without a byte sent is a dead connection. */
const STALL_MS = 60_000;

/** Sends the bytes; `sent` hears how many have left. Rejects with `PartRefused`. */
export function putPart(
  part: SignedPart,
  bytes: Blob,
  sent: (count: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let stall: ReturnType<typeof setTimeout>;
    const refuse = () => settle(() => reject(new PartRefused(request.status)));
    const stop = () => {
      settle(() => reject(signal.reason));
      request.abort();
    };
    const watch = () => {
      clearTimeout(stall);
      stall = setTimeout(() => {
        refuse();
        request.abort();
      }, STALL_MS);
    };
    const settle = (end: () => void) => {
      clearTimeout(stall);
      signal.removeEventListener('abort', stop);
      end();
    };
    request.open('PUT', part.url);
    for (const [name, value] of Object.entries(part.headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = event => {
      watch();
      sent(event.loaded);
    };
    request.onerror = refuse;
    request.onload = () => (request.status >= 200 && request.status < 300 ? settle(resolve) : refuse());
    signal.addEventListener('abort', stop);
    watch();
    request.send(bytes);
  });
}
