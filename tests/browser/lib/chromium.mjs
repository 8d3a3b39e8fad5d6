// One headless Chromium with a profile of its own.

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { CannotRun } from './command.mjs';
import { load } from './packages.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const FLAGS = [
  // Root in a container has no user namespaces, and often 64 MiB of /dev/shm.
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  // Playback starts without a click, and nothing is heard.
  '--autoplay-policy=no-user-gesture-required',
  '--mute-audio',
  // Nothing but the pages under test reaches the network.
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser's path: CHROMIUM, or the first known name on PATH. Null when there is none. */
export function findChromium() {
  const named = process.env.CHROMIUM ?? process.env.MILLRACE_CHROMIUM;
  if (named) return isExecutable(named) ? named : null;
  const folders = (process.env.PATH ?? '').split(path.delimiter).concat('/usr/bin');
  const candidates = NAMES.flatMap(name => folders.map(folder => path.join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts Chromium.
 *
 * @returns {Promise<{version: string, newPage: () => Promise<object>, close: () => Promise<void>}>}
 */
export async function launch() {
  const executablePath = findChromium();
  if (!executablePath) {
    throw new CannotRun('no Chromium: set CHROMIUM to its path, or install the package `chromium`');
  }
  const { chromium } = load('playwright-core');
  const profile = mkdtempSync(path.join(os.tmpdir(), 'millrace-chromium-'));
  const discard = () => rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath,
      headless: true,
      args: FLAGS,
      viewport: { width: 1280, height: 800 },
      timeout: 60_000,
    });
    return {
      version: context.browser()?.version() ?? 'unknown',
      newPage: () => context.newPage(),
      close: async () => {
        await context.close().catch(() => {});
        discard();
      },
    };
  } catch (error) {
    discard();
    throw new CannotRun(`${executablePath} did not start: ${error.message}`);
  }
}
