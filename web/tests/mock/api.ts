// The API of Millrace, from its contract, over memory.

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Asset, Caption, CaptionKind } from '../../src/api/types.ts';
import { Refusal, type Call, type Route } from './call.ts';
import { bodyOf, json } from './http.ts';
import type { Issuer } from './issuer.ts';
import { answer, uploadsOf, type Catalogue, type StoredAsset, type StoredUpload } from './catalogue.ts';
import { grant } from './signed.ts';
import type { Store } from './store.ts';
import { webhookRoutes } from './webhooks.ts';

export interface MockApi {
  /** The next so many calls are answered with 503. */
  unavailableNext: number;
  handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void>;
}

const PART_SIZE = 256 * 1024;

export function mockApi(catalogue: Catalogue, store: Store, issuer: Issuer): MockApi {
  const routes: Route[] = [
    ['POST', /^\/api\/uploads$/, create],
    ['GET', /^\/api\/uploads$/, call => json(call.response, 200, { uploads: uploadsOf(catalogue, call.owner).map(withoutParts) })],
    ['GET', /^\/api\/uploads\/([\w-]+)$/, call => json(call.response, 200, withParts(uploadOf(call)))],
    ['DELETE', /^\/api\/uploads\/([\w-]+)$/, abort],
    ['POST', /^\/api\/uploads\/([\w-]+)\/parts$/, sign],
    ['POST', /^\/api\/uploads\/([\w-]+)\/complete$/, complete],
    ['GET', /^\/api\/assets$/, call => list(call, asset => asset.owner === call.owner)],
    ['GET', /^\/api\/assets\/([\w-]+)$/, call => sendAsset(call, assetOf(call))],
    ['PATCH', /^\/api\/assets\/([\w-]+)$/, patch],
    ['DELETE', /^\/api\/assets\/([\w-]+)$/, remove],
    ['POST', /^\/api\/assets\/([\w-]+)\/retry$/, retry],
    ['POST', /^\/api\/assets\/([\w-]+)\/playback$/, call => play(call, assetOf(call))],
    ['PUT', /^\/api\/assets\/([\w-]+)\/captions\/([\w-]+)$/, addCaption],
    ['DELETE', /^\/api\/assets\/([\w-]+)\/captions\/([\w-]+)$/, dropCaption],
    ['GET', /^\/api\/public\/assets$/, call => list(call, asset => asset.visibility === 'public' && asset.state === 'ready')],
    ['GET', /^\/api\/public\/assets\/([\w-]+)$/, call => sendAsset(call, publicOf(call))],
    ['POST', /^\/api\/public\/assets\/([\w-]+)\/playback$/, call => play(call, publicOf(call))],
    ...webhookRoutes(catalogue),
  ];

  const api: MockApi = {
    unavailableNext: 0,
    handle: async (request, response, url) => {
      try {
        if (api.unavailableNext > 0) {
          api.unavailableNext -= 1;
          throw new Refusal(503, 'Unavailable', 'The service is busy', 'try again in a moment');
        }
        await route(request, response, url);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const { status, code, message, advice, more } = error;
        const problem = { type: `urn:millrace:problem:${code}`, title: code, status, detail: message, code, advice, ...more };
        json(response, status, problem, { 'content-type': 'application/problem+json' });
      }
    },
  };
  return api;

  async function route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (url.pathname === '/api/config') return json(response, 200, config());
    const owner = issuer.userOf(request.headers.authorization?.replace('Bearer ', ''));
    if (!owner && !url.pathname.startsWith('/api/public/')) return json(response, 401, { message: 'Unauthorized' });
    const text = (await bodyOf(request)).toString();
    for (const [method, pattern, run] of routes) {
      const match = pattern.exec(url.pathname);
      if (!match || request.method !== method) continue;
      const isJson = request.headers['content-type'] === 'application/json';
      return run({ owner: owner ?? '', body: isJson ? JSON.parse(text) : {}, text, url, ids: match.slice(1), request, response });
    }
    throw new Refusal(404, 'NotFound', `There is no ${url.pathname}`, 'check the address');
  }

  function config() {
    return {
      issuer: issuer.origin,
      discovery: `${issuer.origin}/.well-known/openid-configuration`,
      client_id: issuer.client,
      scopes: ['openid', 'email', 'profile'],
      max_upload_bytes: 5_497_558_138_880,
    };
  }

  function create({ owner, body, response }: Call): void {
    const { name, size, type, sha256 } = body as { name: string; size: number; type: string; sha256?: string };
    if (size === 0) throw new Refusal(400, 'FileEmpty', `${name} has no bytes`, 'choose a file with contents');
    if (!/^((video|audio)\/.+|application\/(mxf|ogg|octet-stream)|)$/.test(type)) {
      throw new Refusal(415, 'TypeUnsupported', `${name} is of type ${type}`, 'choose a video or audio file');
    }
    const same = uploadsOf(catalogue, owner).find(
      upload => sha256 !== undefined && upload.sha256 === sha256 && upload.name === name && upload.size === size,
    );
    if (same) return json(response, 200, withParts(same));
    const upload = catalogue.addUpload(owner, { name, size, type, part_size: PART_SIZE, ...(sha256 && { sha256 }) });
    json(response, 201, withParts(upload), { location: `/api/uploads/${upload.id}` });
  }

  function sign(call: Call): void {
    const upload = uploadOf(call);
    if (upload.state !== 'open') throw new Refusal(409, 'UploadEnded', `${upload.name} is complete`, 'start a new upload');
    const asked = call.body['parts'] as { number: number }[];
    if (asked.length < 1 || asked.length > 100) throw new Refusal(400, 'RequestInvalid', '1 to 100 parts', 'ask for fewer');
    const parts = asked.map(({ number }) => {
      const size = sizeOf(upload, number);
      return { number, size, url: store.sign(upload.id, number, size), headers: {} };
    });
    json(call.response, 200, { parts, expires_at: new Date(Date.now() + store.lifetimeMs).toISOString() });
  }

  function complete(call: Call): void {
    const upload = uploadOf(call);
    const stored = store.parts(upload.id);
    const missing = numbersOf(upload).filter(number => stored.get(number)?.length !== sizeOf(upload, number));
    if (missing.length > 0) {
      throw new Refusal(409, 'UploadIncomplete', `${upload.name} lacks parts`, 'upload them', { missing });
    }
    catalogue.complete(upload);
    json(call.response, 200, { upload: upload.id, asset: upload.asset, job: `j-${upload.asset}` });
  }

  function abort(call: Call): void {
    catalogue.removeUpload(uploadOf(call));
    call.response.writeHead(204).end();
  }

  function patch(call: Call): void {
    const asset = assetOf(call);
    const expected = call.request.headers['if-match'];
    if (expected && expected !== `"v${asset.version}"`) {
      throw new Refusal(412, 'PreconditionFailed', `${asset.title} was changed meanwhile`, 'reload and change it again');
    }
    Object.assign(asset, call.body, { version: asset.version + 1 });
    sendAsset(call, asset);
  }

  function addCaption(call: Call): void {
    const asset = assetOf(call);
    if (!call.text.includes('-->')) {
      throw new Refusal(400, 'CaptionInvalid', 'line 1: there should be a time span', 'correct the line that the detail names');
    }
    const { language, kind } = captionOf(call);
    const caption: Caption = { language, kind, added_at: new Date().toISOString(), playable: false };
    asset.captions = [...(asset.captions ?? []).filter(other => !isSame(other, caption)), caption];
    asset.version += 1;
    catalogue.deliver(caption);
    json(call.response, 200, caption);
  }

  function dropCaption(call: Call): void {
    const asset = assetOf(call);
    const dropped = captionOf(call);
    asset.captions = (asset.captions ?? []).filter(caption => !isSame(caption, dropped));
    asset.version += 1;
    call.response.writeHead(204).end();
  }

  function remove(call: Call): void {
    const asset = assetOf(call);
    catalogue.remove(asset);
    json(call.response, 202, answer(asset));
  }

  function retry(call: Call): void {
    const asset = assetOf(call);
    if (!asset.error) throw new Refusal(409, 'RetryRefused', `${asset.title} has not failed`, 'nothing');
    catalogue.process(asset);
    json(call.response, 202, answer(asset));
  }

  function list({ url, response }: Call, belongs: (asset: StoredAsset) => boolean): void {
    const words = (url.searchParams.get('q') ?? '').toLowerCase().split(/\s+/);
    const matches = catalogue.newestFirst().filter(belongs).filter(asset => {
      const text = [asset.title, asset.file, ...asset.tags].join(' ').toLowerCase();
      return words.every(word => text.includes(word));
    });
    const from = Number(url.searchParams.get('cursor') ?? 0);
    const to = from + Number(url.searchParams.get('limit') ?? 25);
    json(response, 200, { assets: matches.slice(from, to).map(answer), ...(to < matches.length && { next: String(to) }) });
  }

  function play({ response }: Call, asset: StoredAsset): void {
    if (asset.state !== 'ready') throw new Refusal(409, 'AssetNotReady', `${asset.title} is not ready`, 'wait');
    const folder = `/assets/${asset.id}/j-${asset.id}/`;
    const expiresAtMs = Date.now() + catalogue.accessMs;
    const signature = grant(folder, expiresAtMs);
    const sound = asset.kind === 'audio';
    response.setHeader('set-cookie', [`CloudFront-Signature=${signature}; Path=${folder}; HttpOnly; SameSite=Lax`]);
    json(response, 200, {
      asset: asset.id,
      job: `j-${asset.id}`,
      hls: `${folder}${sound ? 'sound' : captioned(asset) ? 'index-1' : 'index'}.m3u8`,
      dash: `${folder}manifest.mpd`,
      ...(!sound && { poster: `${folder}thumbs/poster.jpg`, storyboard: `${folder}thumbs/storyboard.vtt` }),
      expires_at: new Date(expiresAtMs).toISOString(),
    });
  }

  function sendAsset({ request, response }: Call, asset: StoredAsset): void {
    const body = { ...answer(asset), renditions: asset.state === 'ready' ? RENDITIONS : [] };
    const etag = etagOf(answer(asset));
    const known = request.headers['if-none-match']?.replace(/^W\//, '');
    if (known === etag) response.writeHead(304).end();
    // As CloudFront does when it compresses.
    else json(response, 200, body, { etag: `W/${etag}` });
  }

  function assetOf({ owner, ids }: Call): StoredAsset {
    const asset = catalogue.assets.get(ids[0] ?? '');
    if (asset?.owner === owner) return asset;
    throw new Refusal(404, 'AssetNotFound', `There is no asset ${ids[0]}`, 'it may have been deleted');
  }

  function publicOf({ ids }: Call): StoredAsset {
    const asset = catalogue.assets.get(ids[0] ?? '');
    if (asset && asset.visibility !== 'private' && asset.state === 'ready') return asset;
    throw new Refusal(404, 'AssetNotFound', `There is no asset ${ids[0]}`, 'it may have been deleted');
  }

  function uploadOf({ owner, ids }: Call): StoredUpload {
    const upload = catalogue.uploads.get(ids[0] ?? '');
    if (upload?.owner === owner) return upload;
    throw new Refusal(404, 'UploadNotFound', `There is no upload ${ids[0]}`, 'start a new upload');
  }

  function withParts(upload: StoredUpload) {
    const parts = [...store.parts(upload.id)].map(([number, bytes]) => ({ number, size: bytes.length }));
    return { ...withoutParts(upload), parts };
  }
}

const RENDITIONS = [
  { id: '360p', kind: 'video', codec: 'avc1.42c01e', width: 640, height: 360, bits_per_second: 800_000 },
  { id: '180p', kind: 'video', codec: 'avc1.42c00d', width: 320, height: 180, bits_per_second: 240_000 },
  { id: 'en-64k', kind: 'audio', codec: 'mp4a.40.2', bits_per_second: 64_000 },
];

type Named = Pick<Caption, 'language' | 'kind'>;

const isSame = (one: Named, other: Named) => one.language === other.language && one.kind === other.kind;

function captionOf({ ids, url }: Call): Named {
  return { language: ids[1] ?? '', kind: (url.searchParams.get('kind') ?? 'subtitles') as CaptionKind };
}

/** Whether the stream has a caption of its own by now: German, in the mock's media. */
const captioned = (asset: StoredAsset) => asset.captions?.some(caption => caption.playable) ?? false;

function withoutParts({ owner: _, ...upload }: StoredUpload) {
  return upload;
}

function numbersOf(upload: StoredUpload): number[] {
  return Array.from({ length: upload.part_count }, (_, index) => index + 1);
}

function sizeOf(upload: StoredUpload, number: number): number {
  return Math.min(upload.part_size, upload.size - (number - 1) * upload.part_size);
}

/** Signed addresses are another at each call; they make no other answer. */
function etagOf({ poster: _, ...asset }: Asset): string {
  return `"${createHash('sha256').update(JSON.stringify(asset)).digest('hex').slice(0, 16)}"`;
}
