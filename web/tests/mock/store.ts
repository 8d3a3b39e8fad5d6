// The object store as a browser sees it: PUT of parts to signed addresses that run out.

import { randomUUID } from 'node:crypto';

import { allowOrigins, serve, type Server } from './http.ts';

interface Signature {
  upload: string;
  number: number;
  size: number;
  expiresAtMs: number;
}

export interface Store extends Server {
  /** Bytes per second and connection; nothing is as fast as it goes. */
  pace: number | undefined;
  /** The next so many parts lose their connection half way. */
  breakNext: number;
  /** The next so many parts are answered with 503. */
  failNext: number;
  /** How long signed addresses last. */
  lifetimeMs: number;
  /** Each part that arrived whole, in order: `upload/number`. */
  readonly arrivals: string[];
  sign(upload: string, number: number, size: number): string;
  /** Lets every address run out at once. */
  expireAll(): void;
  parts(upload: string): Map<number, Buffer>;
  /** What arrived, as one object. */
  object(upload: string): Buffer;
}

export async function startStore(): Promise<Store> {
  const signatures = new Map<string, Signature>();
  const uploads = new Map<string, Map<number, Buffer>>();

  const server = await serve(async (request, response, url) => {
    if (allowOrigins(request, response)) return;
    const signature = signatures.get(url.searchParams.get('signature') ?? '');
    if (!signature || signature.expiresAtMs < Date.now()) {
      response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
      return;
    }
    if (store.failNext > 0) {
      store.failNext -= 1;
      response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
      return;
    }
    const breaks = store.breakNext > 0;
    if (breaks) store.breakNext -= 1;
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
      if (breaks && size > signature.size / 2) {
        request.socket.destroy();
        return;
      }
      if (store.pace) await pause((piece.length * 1000) / store.pace);
    }
    if (size !== signature.size) {
      response.writeHead(400).end('<Error><Code>IncompleteBody</Code></Error>');
      return;
    }
    store.parts(signature.upload).set(signature.number, Buffer.concat(pieces));
    store.arrivals.push(`${signature.upload}/${signature.number}`);
    response.writeHead(200, { etag: `"${randomUUID()}"` }).end();
  });

  const store: Store = {
    ...server,
    pace: undefined,
    breakNext: 0,
    failNext: 0,
    lifetimeMs: 3_600_000,
    arrivals: [],
    sign: (upload, number, size) => {
      const signature = randomUUID();
      signatures.set(signature, { upload, number, size, expiresAtMs: Date.now() + store.lifetimeMs });
      return `${server.origin}/${upload}?partNumber=${number}&signature=${signature}`;
    },
    expireAll: () => signatures.clear(),
    object: upload => {
      const parts = [...store.parts(upload)].sort(([one], [other]) => one - other);
      return Buffer.concat(parts.map(([, bytes]) => bytes));
    },
    parts: upload => {
      const parts = uploads.get(upload) ?? new Map<number, Buffer>();
      uploads.set(upload, parts);
      return parts;
    },
  };
  return store;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
