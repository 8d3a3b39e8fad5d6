// Captions that are added while the film plays, and removed again.

import type { Page } from '@playwright/test';

import { expect, signIn, test } from './fixtures.ts';
import type { Stack } from './mock/stack.ts';

const SRT = '1\n00:00:00,000 --> 00:00:20,000\nEine Wiese am Morgen.\n';

async function open(page: Page, origin: string, stack: Stack): Promise<void> {
  const asset = stack.catalogue.addAsset('ada', { title: 'Meadow' });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();
}

function choose(page: Page, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'application/x-subrip', buffer: Buffer.from(text) };
  return page.getByLabel('Caption file').setInputFiles(file);
}

/** Runs in the page. */
function shownCue(video: HTMLVideoElement): string | undefined {
  const track = [...video.textTracks].find(({ mode }) => mode === 'showing');
  return (track?.activeCues?.[0] as VTTCue | undefined)?.text;
}

test('captions are added, chosen, and removed', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  const video = page.locator('video');
  await page.getByRole('slider', { name: 'Seek' }).focus();
  await page.keyboard.press('5');
  await expect.poll(() => video.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeCloseTo(10, 0);

  await choose(page, 'meadow.de.srt', SRT);
  await expect(page.getByLabel('Language')).toHaveValue('de');
  await page.getByRole('button', { name: 'Add captions' }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'German' });
  await expect(row).toContainText('On its way to the stream');
  await expect(row).not.toContainText('On its way to the stream');

  // The player goes on where it was, with one caption more.
  await page.getByRole('button', { name: /^Captions/ }).click();
  await page.getByRole('menuitemradio', { name: 'German' }).click();
  await expect.poll(() => video.evaluate(shownCue)).toBe('Eine Wiese am Morgen.');
  expect(await video.evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(9);

  await page.getByRole('button', { name: 'Remove German' }).click();
  await expect(row).toHaveCount(0);
  await expect(page.getByRole('heading', { name: 'Captions' })).toBeFocused();
  await page.getByRole('button', { name: /^Captions/ }).click();
  await expect(page.getByRole('menuitemradio', { name: 'English' })).toBeVisible();
  await expect(page.getByRole('menuitemradio', { name: 'German' })).toHaveCount(0);
});

test('a file that is no caption is told with its line', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  await choose(page, 'notes.srt', 'hello');
  await page.getByRole('button', { name: 'Add captions' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'line 1' })).toBeVisible();
});
