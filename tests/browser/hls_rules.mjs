#!/usr/bin/env node
// Holds an output folder to the rules of HLS, CMAF and DASH that matter to players.
//
//   node hls_rules.mjs FOLDER [--duration SECONDS]
//
// Playlists, boxes and the MPD are read by parsers of other projects (hls-parser, m3u8-parser,
// codem-isoboxer, mp4box.js, mpd-parser), so what Millrace writes is never judged by what it reads.
// Times are compared in ticks: on the output grid nothing is nearly right.
//
// Prints one JSON line, then a line for each fault. Exit code 0: no fault; 1: faults; 2: not judged.

import path from 'node:path';

import { main } from './lib/command.mjs';
import { checkAlignment, checkFiles } from './rules/alignment.mjs';
import { Asset } from './rules/asset.mjs';
import { checkCaptions } from './rules/captions.mjs';
import { checkDash } from './rules/dash.mjs';
import { Findings } from './rules/findings.mjs';
import { checkImages } from './rules/images.mjs';
import { checkIframes, checkTrack } from './rules/media_playlist.mjs';
import { checkMultivariant } from './rules/multivariant.mjs';

const COMMAND = {
  name: 'hls_rules',
  usage: 'hls_rules.mjs FOLDER [--duration SECONDS]',
  options: { duration: { type: 'string' } },
};

await main(COMMAND, async (folder, options) => {
  const findings = new Findings();
  const asset = new Asset(folder, findings);
  const multivariant = asset.readMultivariant('index.m3u8');
  if (multivariant) judge(multivariant, asset, options.duration);
  const tracks = [...asset.tracks.values()];
  return {
    faults: findings.faults,
    notes: findings.notes,
    folder: path.resolve(folder),
    tracks: tracks.map(({ file, segments }) => ({ file, segments: segments.length })),
  };
});

function judge(multivariant, asset, wanted) {
  const { findings } = asset;
  const { videos, iframes } = checkMultivariant(multivariant, asset);
  const tracks = [...asset.tracks.values()];
  for (const track of tracks) checkTrack(track, findings);
  for (const [video, track] of iframes) checkIframes(track, video, findings);

  const audios = tracks.filter(track => track.kind === 'audio' && track.init);
  const [measured] = videos.map(track => track.segments.at(-1)?.end / track.init.timescale);
  const duration = wanted === undefined ? measured : Number(wanted);
  checkAlignment({ videos, audios, duration, findings });
  checkCaptions(multivariant, asset);
  checkDash(asset, [...videos, ...audios], duration);
  checkImages(asset, multivariant.source, duration);
  checkFiles(asset);
}
