import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Asset } from '../src/api/types.ts';
import { canRetry, describeMedia, describeNews, describeState, isMoving, parseTags } from '../src/assets/describe.ts';

const asset = (fields: Partial<Asset>): Asset => ({
  id: 'a1', title: 'Film', file: 'film.mp4', state: 'ready', visibility: 'private', tags: [], version: 1, created_at: '', ...fields,
});

const failed = (code: string) => asset({ state: 'failed', error: { code, message: 'film.mp4: broken', advice: 'export it again' } });

test('a state has words', () => {
  const encoding = { stage: 'encode', percent: 42.7, remaining_ms: 12_000 } as const;
  assert.equal(describeState(asset({ state: 'processing', progress: encoding })), 'Encoding · 42 % · about 15 s left');
  assert.equal(describeState(asset({ state: 'processing', progress: { stage: 'queued', percent: 0 } })), 'Waiting to start');
  assert.equal(describeState(asset({})), 'Ready');
  assert.equal(describeState({ ...failed('X'), state: 'ready' }), 'Ready, but the newest attempt failed');
});

test('what moves is read again', () => {
  const states = ['uploading', 'processing', 'deleting', 'ready', 'failed'] as const;
  assert.deepEqual(states.map(state => isMoving(asset({ state }))), [true, true, true, false, false]);
});

test('news is a new state or stage, not a new percentage', () => {
  const at = (percent: number) => asset({ state: 'processing', progress: { stage: 'encode', percent } });
  assert.equal(describeNews(at(1), at(2)), undefined);
  assert.equal(describeNews(asset({ state: 'uploading' }), at(1)), 'Film: Encoding');
  assert.equal(describeNews(at(1), asset({})), 'Film: Ready');
  assert.equal(describeNews(at(1), failed('X')), 'Film failed. film.mp4: broken');
  assert.equal(describeNews(undefined, asset({})), undefined);
});

test('what the file itself is to blame for is not tried again', () => {
  assert.deepEqual([failed('EncoderKilled'), failed('SourceNotMedia'), asset({})].map(canRetry), [true, false, false]);
});

test('facts are told as far as they are known', () => {
  assert.equal(describeMedia(asset({ width: 1280, height: 720, duration_ms: 65_000 })), '1280×720 · 1:05');
  assert.equal(describeMedia(asset({ kind: 'audio', duration_ms: 65_000 })), 'Audio · 1:05');
  assert.equal(describeMedia(asset({})), '');
});

test('tags are split at commas, without repetition', () => {
  assert.deepEqual(parseTags(' jazz, live music,,jazz '), ['jazz', 'live music']);
});
