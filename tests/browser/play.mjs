#!/usr/bin/env node
// Plays an output folder in headless Chromium, as a viewer would.
//
//   node play.mjs FOLDER --engine hlsjs|shaka-hls|shaka-dash [--duration SECONDS] [--rungs N]
//                 [--seeks 6] [--seed 1] [--play 12] [--limit 300]
//
// A tour (seeks with changes of rung, steady play, the end), then a visit of every rung (the asset
// buffered whole, in one range; a seek; the end). A visit that finds a fault is made again on a
// fresh page, and only what fails twice counts: the machine may be busy. Dropped frames depend on
// the machine, so they are told and not judged.
//
// Prints one JSON line, then a line for each fault. Exit code 0: plays; 1: faults; 2: not judged.

import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { launch } from './lib/chromium.mjs';
import { CannotRun, main } from './lib/command.mjs';
import { promisedByDash, promisedByHls } from './lib/manifest.mjs';
import { PACKAGES } from './lib/packages.mjs';
import { serve } from './lib/server.mjs';

const ENGINES = {
  hlsjs: { manifest: 'index.m3u8', library: 'hls.js/dist/hls.min.js' },
  'shaka-hls': {
    manifest: 'index.m3u8',
    library: 'shaka-player/dist/shaka-player.compiled.js',
  },
  'shaka-dash': {
    manifest: 'manifest.mpd',
    library: 'shaka-player/dist/shaka-player.compiled.js',
  },
};

/** Chromium keeps about 150 MB of picture and 12 MB of sound; longer assets are not held whole. */
const BUFFER_LIMIT = { picture: 100e6, sound: 10e6 };
const SOUND_BITS_PER_SECOND = 200e3;

const COMMAND = {
  name: 'play',
  usage: 'play.mjs FOLDER --engine hlsjs|shaka-hls|shaka-dash [--duration S] [--rungs N]',
  options: {
    engine: { type: 'string', default: 'hlsjs' },
    duration: { type: 'string' },
    rungs: { type: 'string' },
    seeks: { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    play: { type: 'string', default: '12' },
    limit: { type: 'string', default: '300' },
  },
};

await main(COMMAND, async (folder, options) => {
  const engine = ENGINES[options.engine];
  if (!engine) throw new CannotRun(`unknown engine ${options.engine}`);
  const limit = Number(options.limit);

  const open = [];
  const close = async () => {
    while (open.length > 0) await open.pop().close();
  };
  const interrupted = signal => new Promise(resolve => process.once(signal, () => resolve(signal)));
  try {
    return await Promise.race([
      judge(folder, options, engine, open),
      after(limit, `no verdict within ${limit} s`),
      interrupted('SIGINT').then(refuse),
      interrupted('SIGTERM').then(refuse),
    ]);
  } finally {
    // A browser that does not close is ended by playwright when this process exits.
    await Promise.race([close(), new Promise(resolve => setTimeout(resolve, 10_000))]);
  }
});

function refuse(reason) {
  throw new CannotRun(reason);
}

async function after(seconds, reason) {
  await new Promise(resolve => setTimeout(resolve, seconds * 1000).unref());
  refuse(reason);
}

async function judge(folder, options, engine, open) {
  const promised = engine.manifest.endsWith('.mpd')
    ? await promisedByDash(folder)
    : await promisedByHls(folder);
  const duration = Number(options.duration ?? promised.duration);
  const server = await serve({
    '/media/': folder,
    '/page/': fileURLToPath(new URL('page', import.meta.url)),
    '/packages/': PACKAGES,
  });
  open.push(server);
  const browser = await launch();
  open.push(browser);

  const size = (promised.bandwidth * duration) / 8;
  const soundSize = (SOUND_BITS_PER_SECOND * duration) / 8;
  const cover = size < BUFFER_LIMIT.picture && soundSize < BUFFER_LIMIT.sound;
  const common = {
    engine: options.engine,
    url: `${server.origin}/media/${engine.manifest}`,
    duration,
    hasPicture: promised.hasPicture,
    hasAudio: promised.hasAudio,
    seeks: Number(options.seeks),
    playSeconds: Number(options.play),
    cover,
  };
  const library = `${server.origin}/packages/${engine.library}`;
  const visitTwice = async config => {
    const first = await visit(browser, server, library, config);
    if (first.faults.length === 0) return first;
    const second = await visit(browser, server, library, config);
    return second.faults.length === 0 ? { ...second, seen_once: first.faults } : second;
  };

  const faults = [];
  const seed = Number(options.seed);
  const tour = await visitTwice({ ...common, seed });
  faults.push(...tour.faults.map(fault => `tour: ${fault}`));

  const offered = tour.facts.rungs ?? [];
  const expected = Number(options.rungs ?? promised.rungs);
  if (offered.length !== expected) {
    faults.push(`the player offers ${offered.length} rungs, expected ${expected}`);
  }
  const rungs = [];
  for (const [rung, declared] of offered.entries()) {
    const report = await visitTwice({ ...common, rung, seed: seed + rung + 1 });
    const name = declared.height ? `${declared.height}p` : `${declared.bandwidth} b/s`;
    faults.push(...report.faults.map(fault => `rung ${name}: ${fault}`));
    const { rungs: _, ...facts } = report.facts;
    rungs.push({ ...declared, ...facts, seen_once: report.seen_once });
  }
  if (cover && faults.length === 0) faults.push(...neverFetched(promised, server));

  const { rungs: _, ...tourFacts } = tour.facts;
  return {
    faults,
    engine: options.engine,
    folder: path.resolve(folder),
    browser: browser.version,
    duration,
    covered: cover,
    tour: { ...tourFacts, seen_once: tour.seen_once },
    rungs,
  };
}

/** One visit on a page of its own; HTTP errors and what the page throws are faults too. */
async function visit(browser, server, library, config) {
  const page = await browser.newPage();
  const thrown = [];
  page.on('pageerror', error => thrown.push(`the page throws: ${error.message}`));
  const since = server.requests.length;
  const limit = 60 + 4 * Math.min(config.duration, 60);
  try {
    await page.goto(new URL('/page/player.html', library).href);
    await page.addScriptTag({ url: library });
    const report = await Promise.race([
      page.evaluate(settings => window.visit(settings), config),
      after(limit, `no end of the visit within ${limit} s`),
    ]);
    const refused = server.requests
      .slice(since)
      .filter(({ status, path: asked }) => status >= 400 && asked.startsWith('/media/'))
      .map(({ status, path: asked }) => `HTTP ${status} for ${asked.slice('/media/'.length)}`);
    return { ...report, faults: [...report.faults, ...new Set([...refused, ...thrown])] };
  } catch (error) {
    return { faults: [error.message.split('\n')[0]], facts: {} };
  } finally {
    await page.close().catch(() => {});
  }
}

/** Segments that the manifest lists and that no visit asked for: a rung that was not really played. */
function neverFetched(promised, server) {
  const asked = new Set(server.requests.map(request => request.path.slice('/media/'.length)));
  const missed = [...promised.segments].filter(segment => !asked.has(segment));
  if (missed.length === 0) return [];
  return [`${missed.length} segments were never fetched, such as ${missed[0]}`];
}
