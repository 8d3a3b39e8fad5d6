// axe on every view, in both colour schemes, on a wide window and on a phone; and the keyboard alone.
// Each view is also kept as a picture under build/screens, for a person to look at.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import type { Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

import { cardOf, drop, expect, fileOf, signIn, test } from './fixtures.ts';
import type { Caption } from '../src/api/types.ts';
import type { Catalogue } from './mock/catalogue.ts';
import type { Stack } from './mock/stack.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = { wide: { width: 1280, height: 900 }, phone: { width: 320, height: 640 } };

async function expectAccessible(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `build/screens/${name}.png` });
  await page.evaluate(AXE);
  const results: AxeResults = await page.evaluate('axe.run()');
  const found = results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`);
  expect(found, name).toEqual([]);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
}

/** An asset in each state, none of which moves. */
function fillLibrary(catalogue: Catalogue): void {
  const longName = 'A_very_long_file_name_from_a_camera_that_has_no_spaces_at_all_0001';
  catalogue.addAsset('ada', { title: 'Concert in the park', kind: 'audio', duration_ms: 4_205_000, visibility: 'public' });
  catalogue.addAsset('ada', { title: longName, tags: ['raw'] });
  catalogue.addAsset('ada', { title: 'Interview', state: 'processing', progress: { stage: 'queued', percent: 0 } });
  catalogue.addAsset('ada', {
    title: 'Notes',
    state: 'failed',
    error: { code: 'SourceNotMedia', message: 'notes.mp4: no demuxer recognises the file', advice: 'upload a video or audio file' },
  });
  catalogue.addAsset('ada', {
    title: 'Trailer',
    state: 'failed',
    error: { code: 'EncoderKilled', message: 'trailer.mov: the encoder ran out of memory', advice: 'try again' },
  });
  catalogue.addAsset('ada', {
    title: 'Harvest',
    state: 'processing',
    progress: { stage: 'encode', percent: 42, remaining_ms: 95_000 },
  });
  const added_at = new Date().toISOString();
  const captions: Caption[] = [
    { language: 'de', kind: 'subtitles', added_at, playable: true },
    { language: 'en', kind: 'captions', added_at, playable: false },
  ];
  const tags = ['nature', 'short'];
  catalogue.addAsset('ada', { title: 'Meadow in the morning', visibility: 'unlisted', tags, captions });
}

/** One that works, one that fails, one that is paused. */
function fillWebhooks(catalogue: Catalogue): void {
  const last = { type: 'asset.ready', time: '2026-11-25T10:00:00Z', attempt: 1, delivered: true } as const;
  catalogue.addWebhook('ada', { url: 'https://example.com/hook', last_delivery: last });
  catalogue.addWebhook('ada', {
    url: `https://hooks.example.org/a-very-long-path-without-any-space/${'0123456789'.repeat(6)}?team=films`,
    events: ['asset.ready', 'asset.failed'],
    last_delivery: { ...last, attempt: 4, delivered: false, error: 'the receiver answered with 503' },
  });
  catalogue.addWebhook('ada', { url: 'https://archive.example.net/', enabled: false });
}

async function uploadSlowly(page: Page, stack: Stack): Promise<void> {
  stack.store.pace = 256 * 1024;
  stack.catalogue.addUpload('ada', { name: 'Holiday.mov', size: 734_003_200, type: 'video/quicktime', part_size: 8_388_608 });
  await page.reload();
  await drop(page, fileOf('River.mp4', 8 * 1024 * 1024));
  await page.getByLabel('Choose files').setInputFiles({ ...fileOf('notes.txt', 10), mimeType: 'text/plain' });
  await expect(page.getByText(/\/s · /)).toBeVisible({ timeout: 15_000 });
  await expect(page.getByRole('button', { name: 'Remove notes.txt' })).toBeVisible();
}

for (const scheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    test.describe(`${scheme}, ${size}`, () => {
      test.use({ colorScheme: scheme, viewport });
      const name = (view: string) => `${view}-${scheme}-${size}`;

      test('lists, uploads and questions', async ({ page, origin, stack }) => {
        fillLibrary(stack.catalogue);
        await page.goto(origin);
        await expect(page.locator('.card')).toHaveCount(1);
        await expectAccessible(page, name('visitor'));
        await signIn(page, origin);
        await expect(page.locator('.card')).toHaveCount(7);
        await uploadSlowly(page, stack);
        await expectAccessible(page, name('library'));
        await page.locator('.grid').scrollIntoViewIfNeeded();
        await page.screenshot({ path: `build/screens/${name('cards')}.png`, fullPage: true });
        await page.getByRole('searchbox').fill('nothing');
        await expect(page.getByText('Nothing has “nothing”')).toBeVisible();
        await expectAccessible(page, name('empty'));
      });

      test('the page of an asset', async ({ page, origin, stack }) => {
        fillLibrary(stack.catalogue);
        await signIn(page, origin);
        await cardOf(page, 'Trailer').getByRole('link').click();
        await expect(page.getByText('ran out of memory')).toBeVisible();
        await expectAccessible(page, name('failed'));
        await page.getByRole('button', { name: 'Delete' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await expectAccessible(page, name('question'));
        await page.getByRole('button', { name: 'Keep' }).click();
        await page.getByRole('link', { name: 'All assets' }).click();

        await cardOf(page, 'Harvest').getByRole('link').click();
        await expect(page.getByText('Encoding · 42 %')).toBeVisible();
        await expectAccessible(page, name('processing'));
        await page.getByRole('link', { name: 'All assets' }).click();

        await cardOf(page, 'Concert in the park').getByRole('link').click();
        await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();
        await expectAccessible(page, name('audio'));
        await page.getByRole('link', { name: 'All assets' }).click();

        await cardOf(page, 'Meadow in the morning').getByRole('link').click();
        await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();
        await expectAccessible(page, name('watch'));
        await page.getByRole('slider', { name: 'Seek' }).hover({ position: { x: 150, y: 8 } });
        await expect(page.locator('.preview__picture')).toBeVisible();
        await page.screenshot({ path: `build/screens/${name('preview')}.png` });
        await page.getByRole('button', { name: /^Quality/ }).click();
        await expectAccessible(page, name('menu'));
        await page.keyboard.press('Escape');
        await page.getByRole('button', { name: 'Play', exact: true }).click();
        await expect.poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0.5);
        await page.getByRole('button', { name: 'Pause', exact: true }).click();
        await expectAccessible(page, name('playing'));

        await page.route('**/index*.m3u8', route => route.fulfill({ status: 404 }));
        await page.reload();
        await expect(page.getByText('The stream did not arrive.')).toBeVisible();
        await expectAccessible(page, name('broken'));
      });

      test('webhooks', async ({ page, origin, stack }) => {
        await signIn(page, `${origin}/?webhooks`);
        await expect(page.getByText('There are no webhooks yet.')).toBeVisible();
        await expectAccessible(page, name('no-webhooks'));
        fillWebhooks(stack.catalogue);
        await page.reload();
        await expect(page.locator('.webhook')).toHaveCount(3);
        await expectAccessible(page, name('webhooks'));
        await page.screenshot({ path: `build/screens/${name('all-webhooks')}.png`, fullPage: true });
        await page.getByRole('button', { name: 'Renew secret https://example.com/hook' }).click();
        await expect(page.getByRole('heading', { name: 'The new secret' })).toBeFocused();
        await expectAccessible(page, name('secret'));
        await page.getByRole('button', { name: 'Delete https://example.com/hook' }).click();
        await expect(page.getByRole('dialog')).toBeVisible();
        await expectAccessible(page, name('webhook-question'));
      });
    });
  }
}

test('everything is reached with the keyboard', async ({ page, origin, stack }) => {
  stack.catalogue.addAsset('ada', { title: 'Meadow' });
  await signIn(page, origin);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await expect(page.getByLabel('Choose files')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Meadow' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Meadow' })).toBeFocused();
  await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();

  await page.keyboard.press('Shift+Tab');
  await page.getByRole('button', { name: 'Play', exact: true }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeFocused();
  await page.keyboard.press('Space');
  await expect(page.getByRole('button', { name: 'Play', exact: true })).toBeFocused();
});
