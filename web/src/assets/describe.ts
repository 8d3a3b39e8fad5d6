// What an asset's state is in words. Pure.

import type { Asset, Stage } from '../api/types.ts';
import { clock, timeLeft } from '../format.ts';

const STAGES: Record<Stage, string> = {
  queued: 'Waiting to start',
  segment: 'Reading the file',
  encode: 'Encoding',
  assemble: 'Putting the stream together',
  publish: 'Publishing',
};

/** Whether the asset changes without anybody doing anything here. */
export function isMoving(asset: Asset): boolean {
  return asset.state === 'uploading' || asset.state === 'processing' || asset.state === 'deleting';
}

export function describeState(asset: Asset): string {
  switch (asset.state) {
    case 'uploading':
      return 'Uploading';
    case 'processing':
      return describeProgress(asset);
    case 'ready':
      return asset.error ? 'Ready, but the newest attempt failed' : 'Ready';
    case 'failed':
      return 'Failed';
    case 'deleting':
      return 'Being deleted';
  }
}

function describeProgress({ progress }: Asset): string {
  if (!progress) return STAGES.queued;
  const words = STAGES[progress.stage];
  if (progress.stage === 'queued') return words;
  const left = progress.remaining_ms === undefined ? '' : ` · ${timeLeft(progress.remaining_ms)}`;
  return `${words} · ${Math.floor(progress.percent)} %${left}`;
}

/** What a screen reader hears when an asset went from one state to another. */
export function describeNews(before: Asset | undefined, now: Asset): string | undefined {
  if (before?.state === now.state && before.progress?.stage === now.progress?.stage) return undefined;
  if (now.state === 'failed' && now.error) return `${now.title} failed. ${now.error.message}`;
  if (now.state === 'processing' && now.progress) return `${now.title}: ${STAGES[now.progress.stage]}`;
  return before && before.state !== now.state ? `${now.title}: ${describeState(now)}` : undefined;
}

/** Whether another attempt could end better. An error named after the source stays as long as the file. */
export function canRetry(asset: Asset): boolean {
  return asset.error !== undefined && !asset.error.code.startsWith('Source');
}

/** `1080p · 5:03`, as far as it is known. */
export function describeMedia(asset: Asset): string {
  const facts: string[] = [];
  if (asset.kind === 'audio') facts.push('Audio');
  else if (asset.height !== undefined) facts.push(`${asset.width}×${asset.height}`);
  if (asset.duration_ms !== undefined) facts.push(clock(asset.duration_ms / 1000));
  return facts.join(' · ');
}

/** Tags from a line of text: split at commas, without repetition. */
export function parseTags(text: string): string[] {
  const tags = text.split(',').map(tag => tag.trim());
  return [...new Set(tags.filter(tag => tag !== ''))];
}
