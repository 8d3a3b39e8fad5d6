// The captions of an asset, one after the other, on one page.

import { createEngine } from './engines.mjs';
import { until } from './watch.mjs';

/** Milliseconds for what should happen at once but for the network. */
const PATIENCE = 15_000;
/** How far a cue's time may be from the expected one, in milliseconds: what a float makes of it. */
const TOLERANCE = 2;

/**
 * Looks at every caption.
 *
 * @param {{engine: string, url: string, expected: {language: string, kind: string, cues: [number, number, string][]}[]}} config
 * @returns {Promise<string[]>} what is wrong
 */
export async function lookAtCaptions({ engine, url, expected }) {
  const faults = [];
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const player = createEngine(engine, {
    video,
    bufferEverything: false,
    onError: message => faults.push(message),
  });
  try {
    await player.load(url);
    await until(() => player.texts().length >= expected.length && video.readyState >= 2, PATIENCE);
    const offered = player.texts();
    const name = ({ language, kind }) => `${language} ${kind}`;
    const names = offered.map(name).toSorted().join(', ');
    const wanted = expected.map(name).toSorted().join(', ');
    if (names !== wanted) faults.push(`the player offers ${names || 'nothing'}, expected ${wanted}`);
    for (const one of expected) {
      const at = offered.findIndex(track => name(track) === name(one));
      if (at < 0) continue;
      player.showText(at);
      faults.push(...(await lookAt(video, one)).map(fault => `${name(one)}: ${fault}`));
    }
  } finally {
    await player.close().catch(() => {});
  }
  return faults;
}

/** One caption, which the player was told to show. */
async function lookAt(video, { cues }) {
  const faults = [];
  for (const [start, end, words] of cues) {
    video.currentTime = start / 1000;
    // What arrives while it stands still is not shown before it goes on.
    video.play().catch(() => {});
    const isSeen = () => {
      if (video.ended || video.currentTime * 1000 >= end) video.currentTime = start / 1000;
      return shown(video).some(cue => cue.words === words);
    };
    const isThere = await until(isSeen, PATIENCE);
    video.pause();
    if (!isThere) {
      const seen = shown(video).map(cue => cue.words);
      faults.push(`at ${video.currentTime} s there is ${JSON.stringify(seen)} in place of "${words}"`);
    }
  }
  const near = (one, other) => Math.abs(one - other) <= TOLERANCE;
  const held = known(video);
  for (const [start, end, words] of cues) {
    const same = held.filter(cue => near(cue.start, start) && near(cue.end, end) && cue.words === words);
    if (same.length !== 1) {
      const times = `${start} to ${end} ms`;
      faults.push(`"${words}" from ${times} is there ${same.length} times, of ${JSON.stringify(held)}`);
    }
  }
  if (held.length !== cues.length) faults.push(`${held.length} cues, expected ${cues.length}`);
  return faults;
}

const showing = video => [...video.textTracks].filter(track => track.mode === 'showing');

const shown = video => showing(video).flatMap(track => [...(track.activeCues ?? [])].map(plain));

const known = video => showing(video).flatMap(track => [...(track.cues ?? [])].map(plain));

/** A cue without its tags: players write them in different ways. */
function plain(cue) {
  const words = cue.getCueAsHTML().textContent;
  return { start: cue.startTime * 1000, end: cue.endTime * 1000, words };
}
