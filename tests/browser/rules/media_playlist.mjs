// Rules of one media playlist and the media behind it: P1 to P6, I1 to I3, C5, C7, V1.

/** EXTINF has six decimals: rounding alone may not make more than this, in seconds. */
const ROUNDING = 1e-6;
/** IDR frames come every two seconds; the grid rounds that to whole frames. */
const LONGEST_GOP_SECONDS = 2.05;

export function checkTrack(track, findings) {
  if (!track.playlist || !track.init) return;
  checkHead(track, findings);
  if (track.kind === 'iframes') return;
  checkContinuity(track, findings);
  checkDurations(track, findings);
  if (track.init.isVideo) checkKeyframes(track, findings);
}

function checkHead({ file, playlist, kind }, findings) {
  const { segments, targetDuration, version } = playlist;
  findings.require(playlist.endlist, 'P1', `${file}: no EXT-X-ENDLIST`);
  findings.require(playlist.playlistType === 'VOD', 'P1', `${file}: not of type VOD`);
  findings.require(!playlist.mediaSequenceBase, 'P1', `${file}: it does not start at number 0`);
  const longest = Math.max(...segments.map(segment => segment.duration));
  const fits = Math.round(longest) <= targetDuration;
  findings.require(fits, 'P2', `${file}: EXTINF ${longest} is above TARGETDURATION ${targetDuration}`);
  findings.require(version >= 6, 'P3', `${file}: EXT-X-VERSION ${version} is too low for EXT-X-MAP`);
  const onlyIframes = kind === 'iframes';
  findings.require(Boolean(playlist.isIFrame) === onlyIframes, 'I1', `${file}: EXT-X-I-FRAMES-ONLY is wrong`);
}

/** Each fragment begins exactly where the one before it ends, and the first one at 0. */
function checkContinuity({ file, init, segments }, findings) {
  let expected = 0;
  let sequence = 0;
  for (const segment of segments) {
    for (const fragment of segment.fragments) {
      const { start } = fragment;
      const early = expected !== null && start !== expected;
      findings.require(!early, 'C5', `${segment.file}: tfdt is ${start}, expected ${expected}`);
      const counted = fragment.sequence > sequence;
      findings.require(counted, 'C5', `${segment.file}: mfhd ${fragment.sequence} after ${sequence}`);
      sequence = fragment.sequence;
      expected = fragment.end;
    }
    if (!segment.isWhole) expected = null; // its own fault is enough
  }

  const shown = segments[0]?.fragments[0]?.samples.map(sample => sample.shownAt);
  if (!shown) return;
  const start = Math.min(...shown) - init.presentationStart;
  findings.require(start === 0, 'C7', `${file}: the presentation starts at tick ${start}`);
  const edits = init.isVideo ? 1 : 0;
  findings.require(init.edits <= edits, 'C7', `${file}: ${init.edits} edits`);
}

function checkDurations({ file, init, segments }, findings) {
  let declared = 0;
  let measured = 0;
  for (const segment of segments) {
    declared += segment.declared;
    if (!segment.isWhole) {
      measured += segment.declared;
      continue;
    }
    const seconds = (segment.end - segment.start) / init.timescale;
    const told = Math.abs(segment.declared - seconds) <= ROUNDING;
    findings.require(told, 'P6', `${segment.file}: EXTINF ${segment.declared}, media ${seconds}`);
    measured += seconds;
  }
  const drift = Math.abs(declared - measured);
  findings.require(drift <= 0.001, 'P6', `${file}: EXTINF drifts by ${drift.toFixed(6)} s`);
}

function checkKeyframes({ file, init, segments }, findings) {
  const times = segments.flatMap(syncTimes);
  const end = segments.at(-1)?.end;
  const gaps = times.map((time, index) => ((times[index + 1] ?? end + times[0]) - time));
  const longest = Math.max(0, ...gaps) / init.timescale;
  const frequent = longest <= LONGEST_GOP_SECONDS;
  findings.require(frequent, 'V1', `${file}: ${longest.toFixed(3)} s between keyframes`);
}

/** When the sync samples of a segment are shown, in ticks. */
export function syncTimes(segment) {
  return segment.fragments
    .flatMap(fragment => fragment.samples)
    .filter(sample => sample.isSync)
    .map(sample => sample.shownAt);
}

/** An I-frame playlist names exactly the sync samples of its rung. */
export function checkIframes(iframes, video, findings) {
  if (!iframes.init || !video?.init) return;
  const { timescale } = video.init;
  const expected = video.segments.flatMap(segment =>
    segment.fragments
      .filter(fragment => fragment.samples[0].isSync)
      .map(fragment => ({ file: segment.file, ...fragment })));
  const count = iframes.segments.length;
  if (!findings.require(
    count === expected.length,
    'I2',
    `${iframes.file}: ${count} entries for ${expected.length} keyframes`,
  )) return;
  iframes.segments.forEach(({ file, range, declared }, index) => {
    const fragment = expected[index];
    const name = `${iframes.file} entry ${index + 1}`;
    const exact = file === fragment.file && range?.offset === fragment.offset &&
      range.offset + range.length === fragment.firstSampleEnd;
    const bytes = `${fragment.offset} to ${fragment.firstSampleEnd} of ${fragment.file}`;
    findings.require(exact, 'I2', `${name}: its range is not bytes ${bytes}`);
    const seconds = (fragment.end - fragment.start) / timescale;
    const told = Math.abs(declared - seconds) <= ROUNDING;
    findings.require(told, 'I3', `${name}: EXTINF ${declared}, next keyframe after ${seconds}`);
  });
}

/**
 * Peak and average bit rate as RFC 8216bis defines them: the peak over any run of segments that
 * lasts 0.5 to 1.5 target durations; of a shorter presentation, the average.
 */
export function bitRates({ segments, playlist }) {
  const rate = list => list.reduce((sum, segment) => sum + segment.bytes, 0) * 8 /
    list.reduce((sum, segment) => sum + segment.declared, 0);
  const target = playlist.targetDuration;
  let peak = 0;
  segments.forEach((_, from) => {
    let seconds = 0;
    for (let to = from; to < segments.length; to += 1) {
      seconds += segments[to].declared;
      if (seconds > 1.5 * target) break;
      if (seconds >= 0.5 * target) peak = Math.max(peak, rate(segments.slice(from, to + 1)));
    }
  });
  const average = rate(segments);
  return { peak: peak || average, average };
}
