// Reads an output folder: the multivariant playlist, every media playlist, every segment.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { CannotRun } from '../lib/command.mjs';
import { load } from '../lib/packages.mjs';
import { readInit, readSegment } from './boxes.mjs';

/** A path under the folder, for a URI that stands in the file `from`. */
export function resolve(from, uri) {
  return path.posix.normalize(path.posix.join(path.posix.dirname(from), decodeURIComponent(uri)));
}

export class Asset {
  constructor(folder, findings) {
    this.folder = folder;
    this.findings = findings;
    /** Every path that something in the asset refers to. */
    this.referenced = new Set();
    this.tracks = new Map();
  }

  /** The bytes of a file; null, and a fault, when it is not there. */
  read(file, rule, reason) {
    this.referenced.add(file);
    try {
      return readFileSync(path.join(this.folder, file));
    } catch {
      this.findings.fault(rule, `${reason}: ${file} is missing`);
      return null;
    }
  }

  readMultivariant(file) {
    const text = this.read(file, 'M0', 'multivariant playlist');
    if (!text) throw new CannotRun(`${this.folder} has no ${file}`);
    const playlist = this.#parse(file, text, 'M0');
    return playlist?.isMasterPlaylist ? playlist : null;
  }

  /** Reads the playlist of a track with all its segments, once. */
  track(file, kind) {
    if (!this.tracks.has(file)) this.tracks.set(file, this.#readTrack(file, kind));
    return this.tracks.get(file);
  }

  #readTrack(file, kind) {
    const track = { file, kind, playlist: null, init: null, segments: [] };
    const bytes = this.read(file, 'P0', 'media playlist');
    track.playlist = bytes && this.#parse(file, bytes, 'P0');
    if (!track.playlist) return track;

    const { segments } = track.playlist;
    const maps = new Set(segments.map(segment => segment.map?.uri));
    const uri = segments[0]?.map?.uri;
    if (!this.findings.require(maps.size === 1 && uri, 'P5', `${file}: ${maps.size} EXT-X-MAPs`)) {
      return track;
    }
    track.initFile = resolve(file, uri);
    const init = this.read(track.initFile, 'P5', file);
    track.init = init && readInit(init, track.initFile, this.findings);
    if (!track.init) return track;
    track.segments = kind === 'iframes'
      ? this.#iframes(track)
      : segments.map(segment => this.#segment(track, segment));
    return track;
  }

  /** Reads the playlist of a caption, and the text of each segment. */
  words(file) {
    const bytes = this.read(file, 'P0', 'caption playlist');
    const playlist = bytes && this.#parse(file, bytes, 'P0');
    if (!playlist) return null;
    const files = playlist.segments.map(({ uri }) => resolve(file, uri));
    const texts = files.map(segment => [segment, `${this.read(segment, 'P4', file) ?? ''}`]);
    return { playlist, texts };
  }

  #segment(track, { uri, duration }) {
    const file = resolve(track.file, uri);
    const bytes = this.read(file, 'P4', track.file);
    const content = bytes
      ? readSegment(bytes, track.init, file, this.findings)
      : { bytes: 0, fragments: [] };
    const { fragments } = content;
    return {
      file,
      declared: duration,
      ...content,
      isWhole: fragments.length > 0,
      start: fragments[0]?.start,
      end: fragments.at(-1)?.end,
    };
  }

  #iframes(track) {
    return track.playlist.segments.map(({ uri, duration, byterange }) => {
      const file = resolve(track.file, uri);
      this.read(file, 'P4', track.file);
      return { file, declared: duration, range: byterange, bytes: byterange?.length ?? 0 };
    });
  }

  /** Two parsers must take it, and must agree. */
  #parse(file, bytes, rule) {
    const { findings } = this;
    const text = bytes.toString('utf8');
    const begins = text.startsWith('#EXTM3U\n') || text.startsWith('#EXTM3U\r\n');
    findings.require(begins, rule, `${file}: the first line is not #EXTM3U`);
    const hlsParser = load('hls-parser');
    hlsParser.setOptions({ strictMode: true, silent: true });
    let playlist;
    try {
      playlist = hlsParser.parse(text);
    } catch (error) {
      findings.fault(rule, `${file}: hls-parser: ${error.message}`);
      return null;
    }

    const { Parser } = load('m3u8-parser');
    const second = new Parser();
    second.push(text);
    second.end();
    const uris = list => JSON.stringify((list ?? []).map(entry => entry.uri));
    const same = playlist.isMasterPlaylist
      ? uris(playlist.variants.filter(variant => !variant.isIFrameOnly)) ===
        uris(second.manifest.playlists)
      : uris(playlist.segments) === uris(second.manifest.segments);
    findings.require(same, rule, `${file}: hls-parser and m3u8-parser read different lists`);
    return playlist;
  }
}
