// What the API answers, as its contract names it.

export interface Config {
  issuer: string;
  discovery: string;
  client_id: string;
  scopes: string[];
  max_upload_bytes: number;
}

export interface Part {
  number: number;
  size: number;
}

export interface Upload {
  id: string;
  asset: string;
  state: 'open' | 'completed';
  name: string;
  size: number;
  part_size: number;
  part_count: number;
  /** Absent in lists. */
  parts?: Part[];
  created_at: string;
}

export interface NewUpload {
  name: string;
  size: number;
  type: string;
  sha256?: string;
}

export interface SignedPart extends Part {
  url: string;
  headers: Record<string, string>;
}

export interface SignedParts {
  parts: SignedPart[];
  expires_at: string;
}

export interface Completed {
  asset: string;
}

export type AssetState = 'uploading' | 'processing' | 'ready' | 'failed' | 'deleting';
export type Visibility = 'private' | 'unlisted' | 'public';
export type Stage = 'queued' | 'segment' | 'encode' | 'assemble' | 'publish';

export interface Progress {
  stage: Stage;
  percent: number;
  remaining_ms?: number;
}

export interface AssetError {
  code: string;
  message: string;
  advice: string;
}

export interface Rendition {
  id: string;
  kind: 'video' | 'audio';
  codec: string;
  width?: number;
  height?: number;
  bits_per_second: number;
}

export type CaptionKind = 'subtitles' | 'captions' | 'forced';

export interface Caption {
  /** Language tag. */
  language: string;
  kind: CaptionKind;
  name?: string;
  added_at: string;
  /** Whether the stream has it. */
  playable: boolean;
}

export interface Asset {
  id: string;
  title: string;
  file: string;
  state: AssetState;
  visibility: Visibility;
  tags: string[];
  /** Counts its owner's changes. */
  version: number;
  created_at: string;
  kind?: 'video' | 'audio';
  duration_ms?: number;
  width?: number;
  height?: number;
  poster?: string;
  progress?: Progress;
  error?: AssetError;
  /** Only in the answer for one asset. */
  renditions?: Rendition[];
  /** Only in the answer for one asset. */
  captions?: Caption[];
}

export interface AssetChange {
  title?: string;
  tags?: string[];
  visibility?: Visibility;
}

export interface AssetPage {
  assets: Asset[];
  next?: string;
}

export interface UploadPage {
  uploads: Upload[];
  next?: string;
}

export type EventType =
  | 'asset.created'
  | 'asset.processing'
  | 'asset.ready'
  | 'asset.failed'
  | 'asset.changed'
  | 'asset.removing'
  | 'asset.removed';

export interface Delivery {
  type: EventType;
  time: string;
  /** Counts from 1. */
  attempt: number;
  delivered: boolean;
  error?: string;
}

export interface Webhook {
  id: string;
  url: string;
  events: EventType[];
  /** Only in the answer that makes or renews it. */
  secret?: string;
  old_secret_until?: string;
  enabled: boolean;
  last_delivery?: Delivery;
}

export interface NewWebhook {
  url: string;
  /** Everything where it is left out. */
  events?: EventType[];
}

export interface WebhookChange {
  enabled?: boolean;
}

export interface Playback {
  hls: string;
  poster?: string;
  storyboard?: string;
  expires_at: string;
}
