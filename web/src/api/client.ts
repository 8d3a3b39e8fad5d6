// The calls of the API. Every failure is a `Problem`.

import { problemOf } from './problem.ts';
import type {
  Asset, AssetChange, AssetPage, Caption, CaptionKind, Completed, Config, NewUpload, NewWebhook, Playback, SignedParts, Upload,
  UploadPage, Webhook, WebhookChange,
} from './types.ts';

interface Call {
  method?: string;
  body?: unknown;
  /** In place of a body that is JSON. */
  file?: Blob;
  /** What is known: the answer may be that it did not change. */
  known?: string | undefined;
  /** The version that is changed. */
  version?: number | undefined;
  signal?: AbortSignal;
}

/** An asset, and the tag of the answer that it came with. */
interface Versioned {
  etag: string;
  asset: Asset;
}

export class Api {
  readonly #token: () => Promise<string | undefined>;
  readonly #versions = new Map<string, Versioned>();

  /** `token` gives the access token, or nothing when nobody is signed in. */
  constructor(token: () => Promise<string | undefined>) {
    this.#token = token;
  }

  config(): Promise<Config> {
    return this.#json('/api/config');
  }

  createUpload(upload: NewUpload, signal: AbortSignal): Promise<Upload> {
    return this.#json('/api/uploads', { method: 'POST', body: upload, signal });
  }

  upload(id: string, signal: AbortSignal): Promise<Upload> {
    return this.#json(`/api/uploads/${id}`, { signal });
  }

  async openUploads(): Promise<Upload[]> {
    const uploads: Upload[] = [];
    let cursor: string | undefined;
    do {
      const page: UploadPage = await this.#json(`/api/uploads${query({ limit: '100', cursor })}`);
      uploads.push(...page.uploads);
      cursor = page.next;
    } while (cursor !== undefined);
    return uploads;
  }

  signParts(id: string, numbers: number[], signal: AbortSignal): Promise<SignedParts> {
    const parts = numbers.map(number => ({ number }));
    return this.#json(`/api/uploads/${id}/parts`, { method: 'POST', body: { parts }, signal });
  }

  completeUpload(id: string, signal: AbortSignal): Promise<Completed> {
    return this.#json(`/api/uploads/${id}/complete`, { method: 'POST', body: {}, signal });
  }

  async abortUpload(id: string): Promise<void> {
    await this.#send(`/api/uploads/${id}`, { method: 'DELETE' });
  }

  /** A page of the owner's assets, or of the public ones. */
  assets(of: 'own' | 'public', words: string, cursor?: string): Promise<AssetPage> {
    const path = of === 'own' ? '/api/assets' : '/api/public/assets';
    return this.#json(`${path}${query({ q: words || undefined, limit: '24', cursor })}`);
  }

  /** One asset; unchanged ones cost no body. */
  async asset(id: string): Promise<Asset> {
    const known = this.#versions.get(id);
    const response = await this.#send(`/api/assets/${id}`, { known: known?.etag });
    if (response.status === 304 && known) return known.asset;
    return this.#keep(response);
  }

  publicAsset(id: string): Promise<Asset> {
    return this.#json(`/api/public/assets/${id}`);
  }

  /** Refused when somebody else changed the asset since it was read here. */
  async changeAsset(id: string, change: AssetChange): Promise<Asset> {
    const known = this.#versions.get(id);
    const response = await this.#send(`/api/assets/${id}`, {
      method: 'PATCH',
      body: change,
      version: known?.asset.version,
    });
    return this.#keep(response);
  }

  deleteAsset(id: string): Promise<Asset> {
    return this.#json(`/api/assets/${id}`, { method: 'DELETE' });
  }

  retryAsset(id: string): Promise<Asset> {
    return this.#json(`/api/assets/${id}/retry`, { method: 'POST', body: {} });
  }

  addCaption(id: string, file: Blob, language: string, kind: CaptionKind): Promise<Caption> {
    return this.#json(captionPath(id, language, kind), { method: 'PUT', file });
  }

  async dropCaption(id: string, { language, kind }: Caption): Promise<void> {
    await this.#send(captionPath(id, language, kind), { method: 'DELETE' });
  }

  /** Sets the cookies that the stream needs. */
  playback(of: 'own' | 'public', id: string): Promise<Playback> {
    const path = of === 'own' ? '/api/assets' : '/api/public/assets';
    return this.#json(`${path}/${id}/playback`, { method: 'POST', body: {} });
  }

  /** The oldest first. */
  async webhooks(): Promise<Webhook[]> {
    const { webhooks } = await this.#json<{ webhooks: Webhook[] }>('/api/webhooks');
    return webhooks;
  }

  makeWebhook(webhook: NewWebhook): Promise<Webhook> {
    return this.#json('/api/webhooks', { method: 'POST', body: webhook });
  }

  changeWebhook(id: string, change: WebhookChange): Promise<Webhook> {
    return this.#json(`/api/webhooks/${id}`, { method: 'PATCH', body: change });
  }

  renewWebhook(id: string): Promise<Webhook> {
    return this.#json(`/api/webhooks/${id}/secret`, { method: 'POST', body: {} });
  }

  async deleteWebhook(id: string): Promise<void> {
    await this.#send(`/api/webhooks/${id}`, { method: 'DELETE' });
  }

  async #keep(response: Response): Promise<Asset> {
    const asset = (await response.json()) as Asset;
    const etag = response.headers.get('etag');
    if (etag) this.#versions.set(asset.id, { etag, asset });
    else this.#versions.delete(asset.id);
    return asset;
  }

  async #json<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.#send(path, call);
    return (await response.json()) as T;
  }

  async #send(path: string, call: Call = {}): Promise<Response> {
    const response = await fetch(path, {
      method: call.method ?? 'GET',
      headers: await this.#headers(call),
      cache: 'no-store',
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.file && { body: call.file }),
      ...(call.signal && { signal: call.signal }),
    }).catch((error: unknown) => {
      throw call.signal?.aborted ? error : problemOf(0, undefined);
    });
    if (response.ok || response.status === 304) return response;
    throw problemOf(response.status, await response.json().catch(() => undefined));
  }

  async #headers(call: Call): Promise<Headers> {
    const headers = new Headers();
    const token = await this.#token();
    if (token) headers.set('authorization', `Bearer ${token}`);
    if (call.body !== undefined) headers.set('content-type', 'application/json');
    // Which of the formats it is, the file itself says.
    if (call.file) headers.set('content-type', 'text/vtt');
    if (call.known) headers.set('if-none-match', call.known);
    if (call.version !== undefined) headers.set('if-match', `"v${call.version}"`);
    return headers;
  }
}

function captionPath(id: string, language: string, kind: CaptionKind): string {
  return `/api/assets/${id}/captions/${language}${query({ kind })}`;
}

function query(fields: Record<string, string | undefined>): string {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
