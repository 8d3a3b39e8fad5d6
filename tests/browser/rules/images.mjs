// Rule T2: the image playlist (Roku and Disney, image-media-playlist 0.4), which the parsers of other
// projects pass over. Its few tags are read here.

import { resolve } from './asset.mjs';

const JPEG = 'ffd8ff';

/** `NAME=value` pairs of a tag. */
function attributes(line) {
  const pairs = line.slice(line.indexOf(':') + 1).matchAll(/([A-Z-]+)=("[^"]*"|[^,]*)/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, value.replaceAll('"', '')]));
}

export function checkImages(asset, multivariantText, duration) {
  const { findings } = asset;
  const streams = multivariantText.match(/^#EXT-X-IMAGE-STREAM-INF:.*$/gm) ?? [];
  for (const line of streams) {
    const stream = attributes(line);
    const complete = stream.URI && stream.BANDWIDTH && stream.CODECS === 'jpeg' && stream.RESOLUTION;
    if (!findings.require(complete, 'T2', `not complete: ${line}`)) continue;
    const file = resolve('index.m3u8', stream.URI);
    const bytes = asset.read(file, 'T2', 'image playlist');
    if (bytes) checkPlaylist(asset, file, bytes.toString('utf8'), stream, duration);
  }
}

function checkPlaylist(asset, file, text, stream, duration) {
  const { findings } = asset;
  const lines = text.split('\n');
  findings.require(lines[0] === '#EXTM3U', 'T2', `${file}: the first line is not #EXTM3U`);
  for (const tag of ['#EXT-X-IMAGES-ONLY', '#EXT-X-PLAYLIST-TYPE:VOD', '#EXT-X-ENDLIST']) {
    findings.require(lines.includes(tag), 'T2', `${file}: no ${tag}`);
  }
  let covered = 0;
  let seconds = 0;
  let tiles = null;
  for (const line of lines) {
    if (line.startsWith('#EXTINF:')) {
      seconds = Number.parseFloat(line.slice('#EXTINF:'.length));
      covered += seconds;
    } else if (line.startsWith('#EXT-X-TILES:')) {
      tiles = attributes(line);
    } else if (line !== '' && !line.startsWith('#')) {
      checkSheet(asset, resolve(file, line), { tiles, stream, seconds });
      tiles = null;
    }
  }
  const whole = duration === undefined || Math.abs(covered - duration) < 0.001;
  findings.require(whole, 'T2', `${file}: the sheets last ${covered} s, expected ${duration}`);
}

function checkSheet(asset, file, { tiles, stream, seconds }) {
  const { findings } = asset;
  const begins = asset.read(file, 'T2', 'sheet')?.subarray(0, 3).toString('hex');
  findings.require(begins === JPEG, 'T2', `${file}: not a JPEG`);
  const layout = /^(\d+)x(\d+)$/.exec(tiles?.LAYOUT ?? '');
  if (!findings.require(layout, 'T2', `${file}: no EXT-X-TILES with a LAYOUT before it`)) return;
  const same = tiles.RESOLUTION === stream.RESOLUTION;
  findings.require(same, 'T2', `${file}: tiles of ${tiles.RESOLUTION}, declared ${stream.RESOLUTION}`);
  const room = Number(layout[1]) * Number(layout[2]) * Number(tiles.DURATION);
  const fits = seconds <= room + 0.001;
  findings.require(fits, 'T2', `${file}: ${seconds} s on tiles for ${room} s`);
}
