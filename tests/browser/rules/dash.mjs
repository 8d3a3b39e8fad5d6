// Rules of the MPD over the same segments, read by mpd-parser: D0 to D6.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { load } from '../lib/packages.mjs';
import { bitRates } from './media_playlist.mjs';

const BASE = 'http://localhost/';
const pathOf = uri => decodeURIComponent(uri.slice(BASE.length));

export function checkDash(asset, tracks, duration) {
  const { findings } = asset;
  let manifest;
  try {
    const text = readFileSync(path.join(asset.folder, 'manifest.mpd'), 'utf8');
    manifest = load('mpd-parser').parse(text, { manifestUri: `${BASE}manifest.mpd` });
  } catch (error) {
    findings.fault('D0', `manifest.mpd: ${error.message}`);
    return;
  }
  const sound = Object.values(manifest.mediaGroups.AUDIO ?? {})
    .flatMap(group => Object.values(group))
    .flatMap(rendition => rendition.playlists ?? []);
  const representations = new Map(
    [...manifest.playlists, ...sound].map(playlist => [initOf(playlist), playlist]),
  );
  for (const [init, representation] of representations) {
    const track = tracks.find(candidate => candidate.initFile === init);
    if (findings.require(track, 'D1', `${init}: in the MPD only`)) {
      checkRepresentation(representation, track, asset);
    }
  }
  for (const track of tracks) {
    findings.require(representations.has(track.initFile), 'D1', `${track.file}: not in the MPD`);
  }
  const right = duration === undefined || Math.abs(manifest.duration - duration) < 0.001;
  findings.require(right, 'D6', `mediaPresentationDuration ${manifest.duration}, media ${duration}`);
}

function initOf(playlist) {
  const uri = playlist.segments[0]?.map?.resolvedUri;
  return uri ? pathOf(uri) : null;
}

function checkRepresentation({ attributes, segments }, track, { findings }) {
  const { init } = track;
  const name = `MPD ${attributes.NAME}`;
  findings.require(attributes.CODECS === init.codec, 'D3', `${name}: codecs ${attributes.CODECS}, media ${init.codec}`);
  if (init.isVideo) {
    const { width, height } = attributes.RESOLUTION ?? {};
    const same = width === init.width && height === init.height;
    findings.require(same, 'D3', `${name}: ${width}x${height}, media ${init.width}x${init.height}`);
  }
  const { peak } = bitRates(track);
  const enough = attributes.BANDWIDTH >= peak - 1 && attributes.BANDWIDTH <= peak * 1.1 + 1;
  findings.require(enough, 'D4', `${name}: bandwidth ${attributes.BANDWIDTH}, measured ${Math.ceil(peak)}`);

  const [count, expected] = [segments.length, track.segments.length];
  if (!findings.require(count === expected, 'D2', `${name}: ${count} segments, HLS has ${expected}`)) return;
  segments.forEach((segment, index) => {
    const twin = track.segments[index];
    const file = pathOf(segment.resolvedUri);
    if (!findings.require(file === twin.file, 'D2', `${name}: ${file}, HLS has ${twin.file}`)) return;
    if (!twin.isWhole) return;
    const length = (twin.end - twin.start) / init.timescale;
    const start = twin.start / init.timescale;
    const exact = Math.abs(segment.duration - length) < 1e-6 &&
      Math.abs(segment.presentationTime - start) < 1e-6;
    findings.require(exact, 'D5', `${name}: ${file} at ${segment.presentationTime} for ${segment.duration} s, media at ${start} for ${length}`);
  });
}
