#!/usr/bin/env node
// Looks at the captions of an output folder in headless Chromium, as a viewer would.
//
//   node captions.mjs FOLDER --manifest index-3.m3u8 --engine hlsjs|shaka-hls|shaka-dash
//                     --expect '[{"language": "de", "kind": "subtitles", "cues": [[1000, 2000, "Hi"]]}]'
//
// Every track that is expected is offered, and no other, each as what it is. With each of them chosen,
// every cue is there once, with its times and its words, and is on screen during its time.
//
// Prints one JSON line, then a line for each fault. Exit code 0: as expected; 1: faults; 2: not judged.

import { fileURLToPath } from 'node:url';

import { launch } from './lib/chromium.mjs';
import { CannotRun, main } from './lib/command.mjs';
import { PACKAGES } from './lib/packages.mjs';
import { serve } from './lib/server.mjs';

const LIBRARIES = {
  hlsjs: 'hls.js/dist/hls.min.js',
  'shaka-hls': 'shaka-player/dist/shaka-player.compiled.js',
  'shaka-dash': 'shaka-player/dist/shaka-player.compiled.js',
};
const LIMIT_SECONDS = 120;

const COMMAND = {
  name: 'captions',
  usage: 'captions.mjs FOLDER --manifest FILE --engine hlsjs|shaka-hls|shaka-dash --expect JSON',
  options: {
    manifest: { type: 'string' },
    engine: { type: 'string', default: 'hlsjs' },
    expect: { type: 'string' },
  },
};

await main(COMMAND, async (folder, { manifest, engine, expect }) => {
  const library = LIBRARIES[engine];
  if (!library || !manifest || !expect) throw new CannotRun(`usage: ${COMMAND.usage}`);
  const page = fileURLToPath(new URL('./page/', import.meta.url));
  const mounts = { '/media/': folder, '/page/': page, '/packages/': PACKAGES };
  const server = await serve(mounts);
  const browser = await launch();
  try {
    const at = path => new URL(path, server.origin).href;
    const view = await browser.newPage();
    await view.goto(at('/page/player.html'));
    await view.addScriptTag({ url: at(`/packages/${library}`) });
    const config = { engine, url: at(`/media/${manifest}`), expected: JSON.parse(expect) };
    const faults = await Promise.race([
      view.evaluate(settings => window.lookAtCaptions(settings), config),
      new Promise(resolve => {
        setTimeout(() => resolve([`no end within ${LIMIT_SECONDS} s`]), LIMIT_SECONDS * 1000);
      }),
    ]);
    const missing = server.requests
      .filter(({ status, path }) => status >= 400 && path.startsWith('/media/'))
      .map(({ status, path }) => `HTTP ${status} for ${path}`);
    return { faults: [...faults, ...new Set(missing)], engine, manifest, browser: browser.version };
  } finally {
    await browser.close();
    await server.close();
  }
});
