// Rules of the multivariant playlist: M1 to M7, I0, I1, P2 across playlists.

import { resolve } from './asset.mjs';
import { bitRates } from './media_playlist.mjs';

/** Apple's authoring specification: declared rates within a tenth of measured ones. */
const RATE_TOLERANCE = 1.1;
/** Rates are rounded up to whole bits, once for the picture and once for the sound. */
const RATE_ROUNDING = 2;

export function checkMultivariant(playlist, asset) {
  const { findings } = asset;
  findings.require(playlist.independentSegments, 'M1', 'EXT-X-INDEPENDENT-SEGMENTS is absent');
  const variants = playlist.variants.filter(variant => !variant.isIFrameOnly);
  findings.require(variants.length > 0, 'M0', 'there are no variants');
  checkAudioGroups(variants, findings);

  const tracks = variants.map(variant => {
    const file = resolve('index.m3u8', variant.uri);
    const sound = variant.audio
      .filter(rendition => rendition.uri)
      .map(rendition => asset.track(resolve('index.m3u8', rendition.uri), 'audio'));
    const track = asset.track(file, variant.resolution ? 'video' : 'audio');
    if (!track.init) return track;
    const others = sound.filter(other => other !== track && other.init);
    checkCodecs(variant, [track, ...others], findings);
    checkRates(variant, track, others, findings);
    if (track.init.isVideo) checkPicture(variant, track, findings);
    return track;
  });
  checkTargetDurations(asset.tracks, findings);
  const videos = tracks.filter(track => track.init?.isVideo);
  return { videos, iframes: iframeTracks(playlist, videos, asset) };
}

function checkAudioGroups(variants, findings) {
  const groups = new Map(variants.flatMap(variant => variant.audio)
    .map(rendition => [`${rendition.groupId}/${rendition.name}`, rendition]));
  const names = new Set([...groups.values()].map(rendition => rendition.groupId));
  for (const name of names) {
    const members = [...groups.values()].filter(rendition => rendition.groupId === name);
    const chosen = members.filter(rendition => rendition.isDefault).length;
    findings.require(chosen === 1, 'M6', `audio group ${name}: ${chosen} with DEFAULT=YES`);
    for (const { name: member, language, channels, autoselect } of members) {
      const complete = language && channels && autoselect;
      const where = `audio group ${name}, ${member}`;
      findings.require(complete, 'M6', `${where}: LANGUAGE, CHANNELS or AUTOSELECT is missing`);
    }
  }
  for (const variant of variants) {
    const silent = variant.resolution && names.size > 0 && variant.audio.length === 0;
    findings.require(!silent, 'M6', `${variant.uri}: no AUDIO group`);
  }
}

function checkCodecs(variant, tracks, findings) {
  const declared = new Set((variant.codecs ?? '').split(',').map(codec => codec.trim()));
  const actual = new Set(tracks.map(track => track.init.codec));
  const same = declared.size === actual.size && [...actual].every(codec => declared.has(codec));
  findings.require(same, 'M3', `${variant.uri}: CODECS "${variant.codecs}", media ${[...actual]}`);
}

function checkRates(variant, track, sound, findings) {
  const rates = [track, ...sound].map(bitRates);
  const largest = measure => Math.max(0, ...rates.slice(1).map(measure));
  const peak = rates[0].peak + largest(rate => rate.peak);
  const average = rates[0].average + largest(rate => rate.average);
  const measured = { BANDWIDTH: peak, 'AVERAGE-BANDWIDTH': average };
  const declared = {
    BANDWIDTH: variant.bandwidth,
    'AVERAGE-BANDWIDTH': variant.averageBandwidth,
  };
  for (const [name, value] of Object.entries(measured)) {
    const told = declared[name];
    const right = told >= value - RATE_ROUNDING && told <= value * RATE_TOLERANCE + RATE_ROUNDING;
    findings.require(right, 'M2', `${variant.uri}: ${name} ${told}, measured ${Math.ceil(value)}`);
  }
  if (peak > 2 * average) {
    const message = `peak ${Math.ceil(peak)} is above twice the average ${Math.ceil(average)}`;
    findings.note('V2', `${variant.uri}: ${message}`);
  }
}

function checkPicture(variant, { init, segments }, findings) {
  const size = variant.resolution && `${variant.resolution.width}x${variant.resolution.height}`;
  const coded = `${init.width}x${init.height}`;
  const shown = `${init.displayWidth}x${init.displayHeight}`;
  findings.require(size === coded, 'M4', `${variant.uri}: RESOLUTION ${size}, coded ${coded}`);
  findings.require(coded === shown, 'M4', `${variant.uri}: coded ${coded}, shown as ${shown}`);
  findings.require(!init.isTurned, 'M4', `${variant.uri}: the track is turned by its matrix`);

  const durations = segments.flatMap(segment => segment.fragments)
    .flatMap(fragment => fragment.samples)
    .map(sample => sample.duration);
  const shortest = durations.reduce((least, duration) => Math.min(least, duration), Infinity);
  const rate = (init.timescale / shortest).toFixed(3);
  const told = (variant.frameRate ?? 0).toFixed(3);
  findings.require(told === rate, 'M5', `${variant.uri}: FRAME-RATE ${told}, media ${rate}`);

  if (/^(hvc1|hev1|av01)/.test(init.codec)) {
    findings.require(variant.videoRange, 'M7', `${variant.uri}: no VIDEO-RANGE`);
    findings.require(!init.codec.startsWith('hev1'), 'M7', `${variant.uri}: hev1 instead of hvc1`);
  }
}

/** One TARGETDURATION for all renditions, and not larger than the longest segment needs. */
function checkTargetDurations(tracks, findings) {
  const media = [...tracks.values()].filter(track => track.kind !== 'iframes' && track.playlist);
  const targets = new Set(media.map(track => track.playlist.targetDuration));
  findings.require(targets.size <= 1, 'P2', `TARGETDURATIONs differ: ${[...targets]}`);
  const longest = Math.max(...media.flatMap(track => track.playlist.segments)
    .map(segment => segment.duration));
  for (const target of targets) {
    const tight = target <= Math.max(1, Math.ceil(longest));
    findings.require(tight, 'P2', `TARGETDURATION ${target} for segments of up to ${longest} s`);
  }
}

/** The I-frame playlist of each rung, found by the init segment that it shares. */
function iframeTracks(playlist, videos, asset) {
  const { findings } = asset;
  const found = new Map();
  for (const variant of playlist.variants.filter(candidate => candidate.isIFrameOnly)) {
    const track = asset.track(resolve('index.m3u8', variant.uri), 'iframes');
    const video = videos.find(candidate => candidate.initFile === track.initFile);
    if (!track.init) continue;
    if (!findings.require(video, 'I1', `${variant.uri}: no rung with its init segment`)) continue;
    found.set(video, track);
    const { codec, width, height } = track.init;
    const told = variant.resolution;
    const named = variant.codecs === codec && told?.width === width && told?.height === height;
    findings.require(named, 'I1', `${variant.uri}: CODECS or RESOLUTION is not ${codec} ${width}x${height}`);
    const { peak } = bitRates(track);
    const right = variant.bandwidth >= peak - RATE_ROUNDING &&
      variant.bandwidth <= peak * RATE_TOLERANCE + RATE_ROUNDING;
    findings.require(right, 'M2', `${variant.uri}: BANDWIDTH ${variant.bandwidth}, measured ${Math.ceil(peak)}`);
  }
  for (const video of videos) {
    findings.require(found.has(video), 'I0', `${video.file}: no I-frame playlist`);
  }
  return found;
}
