// ISO base media boxes as codem-isoboxer (dash.js) reads them; codec strings as mp4box.js (GPAC)
// derives them.

import { load } from '../lib/packages.mjs';

const DEFAULT_BASE_IS_MOOF = 0x020000;
const BASE_DATA_OFFSET = 0x000001;
const FIRST_SAMPLE_FLAGS = 0x000004;
const SAMPLE_IS_NON_SYNC = 0x010000;

function arrayBuffer(bytes) {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

function parseBoxes(bytes) {
  return load('codem-isoboxer').parseBuffer(arrayBuffer(bytes));
}

function trackOf(bytes) {
  const file = load('mp4box').createFile();
  let info = null;
  file.onReady = ready => (info = ready);
  const buffer = arrayBuffer(bytes);
  buffer.fileStart = 0;
  file.appendBuffer(buffer);
  file.flush();
  return info?.tracks[0];
}

/** Reads an init segment and holds it to rules C1 and C2. */
export function readInit(bytes, name, findings) {
  const file = parseBoxes(bytes);
  const ftyp = file.fetch('ftyp');
  const brands = ftyp ? [ftyp.major_brand, ...ftyp.compatible_brands] : [];
  const isCmaf = brands.includes('cmfc') || brands.includes('cmf2');
  findings.require(isCmaf, 'C1', `${name}: brands ${brands} name no CMAF track`);
  const isModern = brands.some(brand => /^iso[6-9a-c]$/.test(brand));
  findings.require(isModern, 'C1', `${name}: brands ${brands} lack iso6`);

  const tracks = file.fetchAll('trak').length;
  findings.require(tracks === 1, 'C2', `${name}: ${tracks} tracks`);
  const defaults = file.fetchAll('trex');
  findings.require(defaults.length === 1, 'C2', `${name}: ${defaults.length} trex boxes`);
  for (const type of ['stts', 'stsc', 'stsz', 'stco']) {
    const table = file.fetch(type);
    const entries = table && (table.entry_count || table.sample_count || 0);
    findings.require(entries === 0, 'C2', `${name}: ${type} holds ${entries ?? 'no'} entries`);
  }
  findings.require(!file.fetch('mdat'), 'C2', `${name}: media data in the init segment`);

  const track = trackOf(bytes);
  if (!findings.require(track, 'C2', `${name}: mp4box.js finds no track`)) return null;
  const editList = file.fetch('elst')?.entries ?? [];
  return {
    name,
    trackId: file.fetch('tkhd').track_ID,
    timescale: file.fetch('mdhd').timescale,
    defaults: defaults[0],
    edits: editList.length,
    /** Media time at which the presentation starts, in ticks. */
    presentationStart: editList[0]?.media_time ?? 0,
    codec: track.codec,
    isVideo: Boolean(track.video),
    width: track.video?.width,
    height: track.video?.height,
    displayWidth: track.track_width,
    displayHeight: track.track_height,
    isTurned: !isUpright(track.matrix),
    channels: track.audio?.channel_count,
    sampleRate: track.audio?.sample_rate,
  };
}

function isUpright(matrix) {
  const unity = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000];
  return unity.every((value, index) => matrix[index] === value);
}

/** Reads a media segment and holds it to rules C3, C4 and C6. Times are in ticks. */
export function readSegment(bytes, init, name, findings) {
  const { boxes } = parseBoxes(bytes);
  const covered = boxes.reduce((sum, box) => sum + (box.size || 0), 0);
  const whole = covered === bytes.length && boxes.every(box => box.type);
  if (!findings.require(whole, 'C3', `${name}: boxes cover ${covered} of ${bytes.length} bytes`)) {
    return { bytes: bytes.length, fragments: [] };
  }
  const types = boxes.map(box => box.type).join(' ');
  const wellFormed = /^(styp )?(sidx )?(moof mdat ?)+$/.test(types);
  findings.require(wellFormed, 'C3', `${name}: boxes are ${types}`);
  findings.require(boxes[0].type === 'styp', 'C3', `${name}: no styp`);

  const fragments = boxes.flatMap((box, index) => {
    if (box.type !== 'moof') return [];
    return readFragment(box, boxes[index + 1], init, name, findings) ?? [];
  });
  if (init.isVideo && fragments.length > 0) {
    const synced = fragments.every(fragment => fragment.samples[0].isSync);
    findings.require(synced, 'C6', `${name}: a fragment does not begin with a sync sample`);
  }
  return { bytes: bytes.length, fragments };
}

function readFragment(moof, mdat, init, name, findings) {
  const inside = type => moof.boxes.flatMap(box => [box, ...(box.boxes ?? [])])
    .filter(box => box.type === type);
  const [[mfhd], trafs, [tfhd], tfdts, truns] =
    ['mfhd', 'traf', 'tfhd', 'tfdt', 'trun'].map(inside);
  const single = trafs.length === 1 && tfdts.length === 1 && truns.length > 0;
  if (!findings.require(single, 'C4', `${name}: traf, tfdt or trun is missing or there twice`)) {
    return null;
  }
  const isRelative = tfhd.flags & DEFAULT_BASE_IS_MOOF && !(tfhd.flags & BASE_DATA_OFFSET);
  findings.require(isRelative, 'C4', `${name}: offsets are not relative to the moof`);
  const { trackId } = init;
  findings.require(tfhd.track_ID === trackId, 'C4', `${name}: track ${tfhd.track_ID}, not ${trackId}`);

  const start = Number(tfdts[0].baseMediaDecodeTime);
  const samples = [];
  let time = start;
  for (const trun of truns) {
    for (const [index, sample] of trun.samples.entries()) {
      const first = index === 0 && trun.flags & FIRST_SAMPLE_FLAGS;
      const flags = first
        ? trun.first_sample_flags
        : (sample.sample_flags ?? tfhd.default_sample_flags ?? init.defaults.default_sample_flags);
      const duration = sample.sample_duration ?? tfhd.default_sample_duration ??
        init.defaults.default_sample_duration;
      samples.push({
        size: sample.sample_size ?? tfhd.default_sample_size ?? init.defaults.default_sample_size,
        duration,
        shownAt: time + (sample.sample_composition_time_offset ?? 0),
        isSync: (flags & SAMPLE_IS_NON_SYNC) === 0,
      });
      time += duration;
    }
  }

  const dataStart = moof._offset + truns[0].data_offset;
  const size = samples.reduce((sum, sample) => sum + sample.size, 0);
  const payload = { start: (mdat?._offset ?? 0) + 8, size: (mdat?.size ?? 8) - 8 };
  const filled = dataStart === payload.start && size === payload.size;
  findings.require(filled, 'C4', `${name}: samples of ${size} bytes in an mdat of ${payload.size}`);
  return {
    sequence: mfhd?.sequence_number,
    offset: moof._offset,
    /** Where the first sample ends: an I-frame's range is from `offset` to here. */
    firstSampleEnd: dataStart + samples[0].size,
    start,
    end: time,
    samples,
  };
}
