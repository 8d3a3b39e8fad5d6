// What a manifest promises, as parsers of other projects read it.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { CannotRun } from './command.mjs';
import { load } from './packages.mjs';

/**
 * @typedef {object} Promised
 * @property {number} rungs rungs that a player should offer
 * @property {boolean} hasPicture
 * @property {boolean} hasAudio
 * @property {number} duration in seconds
 * @property {number} bandwidth of the highest rung, in bits per second
 * @property {Set<string>} segments paths of all segments of all renditions, under the folder
 */

/** @returns {Promise<Promised>} */
export async function promisedByHls(folder, name = 'index.m3u8') {
  const multivariant = parsePlaylist(await text(folder, name));
  const variants = multivariant.playlists ?? [];
  const groups = Object.values(multivariant.mediaGroups?.AUDIO ?? {}).flatMap(Object.values);
  const audio = groups.map(rendition => rendition.uri).filter(Boolean);

  const segments = new Set();
  let duration = 0;
  const uris = new Set([...variants.map(variant => variant.uri), ...audio]);
  for (const uri of uris) {
    const playlist = parsePlaylist(await text(folder, uri));
    let seconds = 0;
    for (const segment of playlist.segments ?? []) {
      segments.add(path.posix.join(path.posix.dirname(uri), segment.uri));
      seconds += segment.duration;
    }
    if (variants.some(variant => variant.uri === uri)) duration = Math.max(duration, seconds);
  }
  const hasPicture = variants.some(variant => variant.attributes.RESOLUTION);
  return {
    rungs: new Set(variants.map(variant => variant.uri)).size,
    hasPicture,
    hasAudio: audio.length > 0 || (variants.length > 0 && !hasPicture),
    duration,
    bandwidth: Math.max(0, ...variants.map(variant => Number(variant.attributes.BANDWIDTH))),
    segments,
  };
}

/** @returns {Promise<Promised>} */
export async function promisedByDash(folder, name = 'manifest.mpd') {
  const { parse } = load('mpd-parser');
  const base = 'http://localhost/';
  let manifest;
  try {
    manifest = parse(await text(folder, name), { manifestUri: base + name });
  } catch (error) {
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`${name}: mpd-parser: ${error.message}`);
  }
  const audioGroups = Object.values(manifest.mediaGroups.AUDIO ?? {}).flatMap(Object.values);
  const audio = audioGroups.flatMap(rendition => rendition.playlists ?? []);
  const video = manifest.playlists.filter(playlist => playlist.attributes.RESOLUTION);
  const hasPicture = video.length > 0;
  const sound = hasPicture ? audio : [...new Map(
    [...manifest.playlists, ...audio].map(playlist => [playlist.attributes.NAME, playlist]),
  ).values()];
  const all = hasPicture ? [...video, ...sound] : sound;
  const segments = all.flatMap(playlist => playlist.segments);
  return {
    rungs: hasPicture ? video.length : sound.length,
    hasPicture,
    hasAudio: sound.length > 0,
    duration: manifest.duration,
    bandwidth: Math.max(0, ...all.map(playlist => playlist.attributes.BANDWIDTH)),
    segments: new Set(
      segments.map(segment => decodeURIComponent(segment.resolvedUri.slice(base.length))),
    ),
  };
}

function parsePlaylist(content) {
  const { Parser } = load('m3u8-parser');
  const parser = new Parser();
  parser.push(content);
  parser.end();
  return parser.manifest;
}

async function text(folder, name) {
  try {
    return await readFile(path.join(folder, name), 'utf8');
  } catch {
    throw new CannotRun(`${path.join(folder, name)} cannot be read`);
  }
}
