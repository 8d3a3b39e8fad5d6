import assert from 'node:assert/strict';
import { test } from 'node:test';

import { renewalDelay } from '../src/player/access.ts';
import { qualityChoices, trackChoices } from '../src/player/choices.ts';
import { commandOf, type Focus } from '../src/player/keys.ts';
import { parseStoryboard, tileAt } from '../src/player/storyboard.ts';

const STORYBOARD = `WEBVTT

00:00:00.000 --> 00:00:02.000
storyboard-001.jpg#xywh=0,0,160,90

2
00:00:02.000 --> 111:06:40.500
storyboard-002.jpg#xywh=160,90,160,90

NOTE no tile
`;

test('a storyboard is read, with and without names of cues', () => {
  const tiles = parseStoryboard(STORYBOARD, 'https://example.com/assets/a/j/thumbs/storyboard.vtt');
  assert.deepEqual(tiles.map(({ start, end, x, y }) => [start, end, x, y]), [[0, 2, 0, 0], [2, 400_000.5, 160, 90]]);
  assert.equal(tiles[1]?.url, 'https://example.com/assets/a/j/thumbs/storyboard-002.jpg');
  assert.deepEqual(parseStoryboard(STORYBOARD.replaceAll('\n', '\r\n'), 'https://example.com/').length, 2);
});

test('a time has the tile that begins at it, and the end has the last', () => {
  const tiles = parseStoryboard(STORYBOARD, 'https://example.com/');
  assert.deepEqual([0, 1.99, 2, 1e9].map(seconds => tileAt(tiles, seconds)?.x), [0, 0, 160, 160]);
  assert.equal(tileAt([], 1), undefined);
});

test('a caption without a name is called after its language and what it is for', () => {
  const forTheDeaf = 'public.accessibility.describes-spoken-dialog,public.accessibility.describes-music-and-sound';
  const tracks = [
    { name: 'de', lang: 'de' },
    { name: 'de CC', lang: 'de', characteristics: forTheDeaf },
    { name: 'de forced', lang: 'de', forced: true },
    { name: 'Commentary', lang: 'de' },
    { name: 'und', lang: 'und' },
  ];
  const labels = trackChoices(tracks, () => 'German').map(choice => choice.label);
  assert.deepEqual(labels, ['German', 'German (CC)', 'German (forced)', 'Commentary', 'und']);
});

const press = (key: string, focus: Focus, held = {}) =>
  commandOf({ key, ctrlKey: false, altKey: false, metaKey: false, ...held }, focus);

test('keys seek, jump and switch', () => {
  assert.deepEqual(press('L', 'other'), { do: 'seek', by: 10 });
  assert.deepEqual(press('3', 'other'), { do: 'jump', to: 0.3 });
  assert.deepEqual(press(' ', 'other'), { do: 'toggle' });
  assert.equal(press('x', 'other'), undefined);
});

test('keys keep their meaning on what has the focus', () => {
  assert.equal(press(' ', 'button'), undefined);
  assert.deepEqual(press('k', 'button'), { do: 'toggle' });
  assert.equal(press('ArrowLeft', 'volume'), undefined);
  assert.equal(press('ArrowDown', 'menu'), undefined);
});

test('shortcuts of the browser are left to it', () => {
  for (const held of ['ctrlKey', 'altKey', 'metaKey']) assert.equal(press('f', 'other', { [held]: true }), undefined);
});

test('rungs come best first, and bit rates tell equals apart', () => {
  const levels = [{ height: 360, bitrate: 500_000 }, { height: 720, bitrate: 3_000_000 }, { height: 720, bitrate: 1_500_000 }];
  assert.deepEqual(qualityChoices(levels), [
    { index: 1, label: '720p · 3.0 Mbit/s' },
    { index: 2, label: '720p · 1.5 Mbit/s' },
    { index: 0, label: '360p' },
  ]);
  assert.deepEqual(qualityChoices([{ bitrate: 128_000 }]), [{ index: 0, label: '128 kbit/s' }]);
});

test('tracks have a name, a language or a number', () => {
  const tracks = [{ name: 'Commentary', lang: 'en' }, { lang: 'de' }, { lang: 'und' }];
  assert.deepEqual(trackChoices(tracks, code => code.toUpperCase()).map(({ label }) => label), ['Commentary', 'DE', 'Track 3']);
});

test('access is renewed a minute before it runs out, but not at once', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  assert.equal(renewalDelay('2026-01-01T01:00:00Z', now), 59 * 60_000);
  assert.equal(renewalDelay('2025-01-01T00:00:00Z', now), 5000);
});
