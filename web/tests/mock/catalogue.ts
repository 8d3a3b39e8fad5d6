// Uploads and assets in memory, and jobs that go through their stages by the clock.

import type { Asset, AssetError, Caption, EventType, Stage, Upload, Webhook } from '../../src/api/types.ts';
import { EVENTS } from '../../src/webhooks/describe.ts';
import { grant } from './signed.ts';

export interface StoredUpload extends Upload {
  owner: string;
  sha256?: string;
}

export interface StoredAsset extends Asset {
  owner: string;
}

export interface StoredWebhook extends Webhook {
  owner: string;
}

type NewUpload = Pick<StoredUpload, 'name' | 'size' | 'part_size' | 'sha256'> & { type: string };

const STAGES: [Stage, percent: number][] = [['queued', 0], ['segment', 5], ['encode', 40], ['encode', 80], ['assemble', 95], ['publish', 99]];

const NOT_MEDIA: AssetError = {
  code: 'SourceNotMedia',
  message: 'notes.mp4: no demuxer recognises the file',
  advice: 'upload a video or audio file',
};

const ENCODER: AssetError = {
  code: 'EncoderFailed',
  message: 'crash.mp4: the encoder ended with an error three times',
  advice: 'try again; if it fails again, tell the operator',
};

const ALL_EVENTS = Object.keys(EVENTS) as EventType[];

export class Catalogue {
  readonly uploads = new Map<string, StoredUpload>();
  readonly assets = new Map<string, StoredAsset>();
  /** The oldest first. */
  readonly webhooks: StoredWebhook[] = [];
  /** How long each step of a job takes. */
  stepMs = 700;
  /** How long signed access lasts. */
  accessMs = 3_600_000;
  #count = 0;
  readonly #timers = new Set<NodeJS.Timeout>();

  addUpload(owner: string, fields: NewUpload): StoredUpload {
    const asset = this.addAsset(owner, { title: fields.name.replace(/\.\w+$/, ''), file: fields.name, state: 'uploading' });
    const upload: StoredUpload = {
      id: this.#id('u'),
      owner,
      asset: asset.id,
      state: 'open',
      part_count: Math.ceil(fields.size / fields.part_size),
      created_at: new Date().toISOString(),
      ...fields,
    };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  addAsset(owner: string, fields: Partial<StoredAsset>): StoredAsset {
    const asset: StoredAsset = {
      id: this.#id('a'),
      owner,
      title: 'Untitled',
      file: 'untitled.mp4',
      state: 'ready',
      visibility: 'private',
      tags: [],
      version: 1,
      created_at: new Date().toISOString(),
      ...(fields.state === 'uploading' ? {} : { kind: 'video', duration_ms: 20_000, width: 640, height: 360 }),
      ...fields,
    };
    this.assets.set(asset.id, asset);
    return asset;
  }

  addWebhook(owner: string, fields: Partial<Webhook>): StoredWebhook {
    const webhook = { id: this.#id('w'), owner, url: 'https://example.com/', events: ALL_EVENTS, enabled: true, ...fields };
    this.webhooks.push(webhook);
    return webhook;
  }

  complete(upload: StoredUpload): void {
    if (upload.state === 'completed') return;
    upload.state = 'completed';
    const asset = this.assets.get(upload.asset);
    if (asset) this.process(asset);
  }

  /** Stage after stage; files called notes and, the first time, crash end in a failure. */
  process(asset: StoredAsset): void {
    const failure = asset.file.startsWith('notes') ? NOT_MEDIA : undefined;
    const crash = asset.file.startsWith('crash') && !asset.error ? ENCODER : undefined;
    delete asset.error;
    asset.state = 'processing';
    this.#step(asset, 0, failure ?? crash);
  }

  /** Brings a caption to the stream. */
  deliver(caption: Caption): void {
    this.#later(() => (caption.playable = true));
  }

  remove(asset: StoredAsset): void {
    asset.state = 'deleting';
    this.#later(() => this.assets.delete(asset.id));
  }

  removeUpload(upload: StoredUpload): void {
    this.uploads.delete(upload.id);
    this.assets.delete(upload.asset);
  }

  newestFirst(): StoredAsset[] {
    return [...this.assets.values()].reverse();
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #step(asset: StoredAsset, at: number, failure: AssetError | undefined): void {
    const step = STAGES[at];
    if (failure && at === 2) {
      asset.state = 'failed';
      asset.error = failure;
      delete asset.progress;
    } else if (step) {
      const [stage, percent] = step;
      asset.progress = { stage, percent, remaining_ms: (STAGES.length - at) * this.stepMs };
      this.#later(() => this.#step(asset, at + 1, failure));
    } else {
      delete asset.progress;
      Object.assign(asset, { state: 'ready', kind: 'video', duration_ms: 20_000, width: 640, height: 360 });
    }
  }

  #later(task: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, this.stepMs);
    this.#timers.add(timer);
  }

  #id(letter: string): string {
    this.#count += 1;
    return `${letter}${String(this.#count).padStart(4, '0')}`;
  }
}

/** The open uploads of an owner. */
export function uploadsOf(catalogue: Catalogue, owner: string): StoredUpload[] {
  return [...catalogue.uploads.values()].filter(upload => upload.owner === owner && upload.state === 'open');
}

/** An asset as the API shows it. */
export function answer({ owner: _, ...asset }: StoredAsset): Asset {
  if (asset.state !== 'ready' || asset.kind === 'audio') return asset;
  const folder = `/assets/${asset.id}/j-${asset.id}/`;
  const signature = grant(folder, Date.now() + 3_600_000);
  return { ...asset, poster: `${folder}thumbs/poster.jpg?Signature=${signature}` };
}
