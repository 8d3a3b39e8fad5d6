// Rules of captions: S1 to S4. Of each there is a playlist that covers the film as the picture does.

import { resolve } from './asset.mjs';

/** Each `EXTINF` is rounded to whole microseconds. */
const ROUNDING = 1.5e-6;

export function checkCaptions(playlist, asset) {
  const { findings } = asset;
  const variants = playlist.variants.filter(variant => !variant.isIFrameOnly);
  const groups = new Set(variants.map(variant => names(variant.subtitles)));
  findings.require(groups.size <= 1, 'S1', 'variants differ in their captions');
  const captions = variants[0]?.subtitles ?? [];
  const distinct = new Set(captions.map(caption => caption.name)).size === captions.length;
  findings.require(distinct, 'S1', `two captions have one NAME: ${names(captions)}`);
  const of = kind => [...asset.tracks.values()].find(track => track.kind === kind && track.playlist);
  const shown = of('video') ?? of('audio');
  for (const { uri, language, name } of captions) {
    findings.require(language, 'S1', `caption ${name}: no LANGUAGE`);
    const file = resolve('index.m3u8', uri);
    const words = asset.words(file);
    if (words && shown) checkCover(file, words, shown, findings);
  }
}

const names = captions => captions.map(({ name }) => name).join(', ');

function checkCover(file, { playlist, texts }, shown, findings) {
  const same = playlist.targetDuration === shown.playlist.targetDuration;
  findings.require(same, 'S2', `${file}: TARGETDURATION differs from ${shown.file}`);
  const lengths = list => list.map(segment => segment.duration);
  const [found, expected] = [lengths(playlist.segments), lengths(shown.playlist.segments)];
  const covers = found.length === expected.length &&
    found.every((length, index) => Math.abs(length - expected[index]) < ROUNDING);
  findings.require(covers, 'S3', `${file}: segments ${found}, of ${shown.file} ${expected}`);
  for (const [segment, text] of texts) {
    const begins = text.startsWith('WEBVTT\n');
    findings.require(begins, 'S4', `${segment}: the first line is not WEBVTT`);
    const mapped = text.includes('X-TIMESTAMP-MAP');
    findings.require(!mapped, 'S4', `${segment}: X-TIMESTAMP-MAP is for MPEG-TS`);
  }
}
