// Rules across tracks: A1 (rungs), A2 (sound to picture), P7 (length), F1 (files).

import { readdirSync } from 'node:fs';
import path from 'node:path';

import { syncTimes } from './media_playlist.mjs';

/** AAC: sound ends with its last whole frame. */
const AUDIO_FRAME_SAMPLES = 1024;
/** Sound is cut at the frame nearest to the picture's boundary. */
const HALF_AUDIO_FRAME = AUDIO_FRAME_SAMPLES / 2;

export function checkAlignment({ videos, audios, duration, findings }) {
  const [reference, ...others] = videos;
  for (const track of others) checkRung(track, reference, findings);
  for (const track of audios) checkSound(track, reference, findings);
  if (duration === undefined) return;
  for (const track of [...videos, ...audios]) {
    const length = seconds(track);
    const slack = track.init.isVideo ? 0.0005 : AUDIO_FRAME_SAMPLES / track.init.timescale;
    const right = length >= duration - 0.0005 && length < duration + slack + 0.0005;
    findings.require(right, 'P7', `${track.file}: ${length} s, expected ${duration}`);
  }
}

function seconds({ init, segments }) {
  return segments.reduce((sum, segment) => {
    const measured = segment.isWhole ? (segment.end - segment.start) / init.timescale : null;
    return sum + (measured ?? segment.declared);
  }, 0);
}

/** Same frames, same boundaries, same keyframes, same edit list in all rungs, to the tick. */
function checkRung(track, reference, findings) {
  const same = (value, rule, message) => findings.require(value, rule, `${track.file}: ${message}`);
  const offset = init => [init.timescale, init.presentationStart].join('/');
  same(offset(track.init) === offset(reference.init), 'A1', 'another timescale or edit list');
  const [count, expected] = [track.segments.length, reference.segments.length];
  if (!same(count === expected, 'A1', `${count} segments, ${reference.file} has ${expected}`)) return;
  track.segments.forEach((segment, index) => {
    const twin = reference.segments[index];
    if (!segment.isWhole || !twin.isWhole) return;
    const aligned = segment.start === twin.start && segment.end === twin.end;
    same(aligned, 'A1', `segment ${index + 1} has other boundaries than in ${reference.file}`);
    const keyframes = String(syncTimes(segment)) === String(syncTimes(twin));
    same(keyframes, 'A1', `segment ${index + 1} has other keyframes than in ${reference.file}`);
  });
}

/** Sound is cut where the picture is, to the nearest frame, and ends within a frame of it. */
function checkSound(track, video, findings) {
  if (!video) return;
  const [count, expected] = [track.segments.length, video.segments.length];
  findings.require(
    count === expected,
    'A2',
    `${track.file}: ${count} segments, the picture has ${expected}`,
  );
  const rate = track.init.timescale;
  track.segments.forEach((segment, index) => {
    const twin = video.segments[index];
    if (!segment.isWhole || !twin?.isWhole) return;
    const apart = segment.start - (twin.start / video.init.timescale) * rate;
    const near = Math.abs(apart) <= HALF_AUDIO_FRAME + 0.001;
    findings.require(near, 'A2', `${segment.file}: ${apart.toFixed(1)} samples off the picture's cut`);
  });
  const longer = (seconds(track) - seconds(video)) * rate;
  const whole = longer > -0.01 && longer < AUDIO_FRAME_SAMPLES + 0.01;
  findings.require(whole, 'A2', `${track.file}: ${longer.toFixed(1)} samples longer than the picture`);
}

/** With other captions, as there were before. */
const isOfAnotherRevision = name => /^index-\d+\.m3u8$/.test(name);

/** Every media file that is published is referred to. */
export function checkFiles(asset) {
  const files = readdirSync(asset.folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(m4s|mp4|m3u8)$/.test(entry.name) && !isOfAnotherRevision(entry.name))
    .map(entry => path.relative(asset.folder, path.join(entry.parentPath ?? entry.path, entry.name)));
  for (const file of files) {
    asset.findings.require(asset.referenced.has(file), 'F1', `${file}: nothing refers to it`);
  }
}
