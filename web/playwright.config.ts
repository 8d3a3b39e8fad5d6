import { existsSync } from 'node:fs';

import { defineConfig } from '@playwright/test';

// Browsers are never downloaded: MILLRACE_CHROMIUM, or the system's.
const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const chromium = process.env['MILLRACE_CHROMIUM'] ?? candidates.find(existsSync);
if (!chromium) throw new Error('There is no Chromium: install it, or set MILLRACE_CHROMIUM to its path.');

export default defineConfig({
  testDir: 'tests',
  globalSetup: './tests/setup.ts',
  outputDir: 'build/e2e',
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  reporter: [['list']],
  use: {
    viewport: { width: 1280, height: 800 },
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        // Root in a container has no user namespaces, and often 64 MiB of /dev/shm.
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-gpu',
        '--mute-audio',
        '--disable-background-networking',
      ],
    },
  },
});
