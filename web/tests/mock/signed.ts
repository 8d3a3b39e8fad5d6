// Signed access to a folder, as far as a page can tell it from the real one: a word that opens one
// folder until it runs out, in a cookie or in the query.

import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const KEY = 'a key of the tests';

export function grant(folder: string, expiresAtMs: number): string {
  return `${expiresAtMs}.${seal(folder, expiresAtMs)}`;
}

export function isGranted(request: IncomingMessage, url: URL): boolean {
  const cookie = /CloudFront-Signature=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  const [expires = '', mark] = (url.searchParams.get('Signature') ?? cookie ?? '').split('.');
  const folder = url.pathname.split('/').slice(0, 4).join('/') + '/';
  return Number(expires) > Date.now() && mark === seal(folder, Number(expires));
}

function seal(folder: string, expiresAtMs: number): string {
  return createHmac('sha256', KEY).update(`${folder} ${expiresAtMs}`).digest('hex');
}
