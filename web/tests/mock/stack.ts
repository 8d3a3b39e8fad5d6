// A Millrace of the tests: one origin for page, API and media, as CloudFront gives, and the
// store and the issuer on origins of their own.

import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';

import { mockApi, type MockApi } from './api.ts';
import { Catalogue } from './catalogue.ts';
import { serve } from './http.ts';
import { startIssuer, type Issuer } from './issuer.ts';
import { MEDIA } from './media.ts';
import { isGranted } from './signed.ts';
import { startStore, type Store } from './store.ts';

const PAGE = path.resolve(import.meta.dirname, '../../dist');

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.vtt': 'text/vtt',
  '.jpg': 'image/jpeg',
  '.mp4': 'video/mp4',
  '.m4s': 'video/iso.segment',
};

export interface Stack {
  origin: string;
  api: MockApi;
  catalogue: Catalogue;
  issuer: Issuer;
  store: Store;
  /** The paths of media that were asked for, in order; refused ones with a leading `!`. */
  media: string[];
  close(): Promise<void>;
}

export async function startStack(): Promise<Stack> {
  const [issuer, store] = await Promise.all([startIssuer(), startStore()]);
  const catalogue = new Catalogue();
  const api = mockApi(catalogue, store, issuer);
  const media: string[] = [];
  const policy = contentPolicy(store.origin, issuer.origin);

  const edge = await serve(async (request, response, url) => {
    if (url.pathname.startsWith('/api/')) return await api.handle(request, response, url);
    if (!url.pathname.startsWith('/assets/')) {
      response.setHeader('content-security-policy', policy);
      return await send(request, response, path.join(PAGE, url.pathname === '/' ? 'index.html' : url.pathname));
    }
    const inside = url.pathname.split('/').slice(4).join('/');
    const granted = isGranted(request, url);
    media.push(granted ? inside : `!${inside}`);
    if (granted) return await send(request, response, path.join(MEDIA, inside));
    response.writeHead(403).end();
  });

  return {
    origin: edge.origin,
    api,
    catalogue,
    issuer,
    store,
    media,
    close: async () => {
      catalogue.close();
      await Promise.all([edge.close(), issuer.close(), store.close()]);
    },
  };
}

/** As strict as the page allows; the violation of a rule fails the test that sees it. */
function contentPolicy(store: string, issuer: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    // hls.js makes caption tracks from an empty data: document.
    "media-src 'self' blob: data:",
    `connect-src 'self' ${store} ${issuer}`,
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

async function send(request: IncomingMessage, response: ServerResponse, file: string): Promise<void> {
  const bytes = await readFile(file).catch(() => undefined);
  if (!bytes) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
