// The player, on a real stream.

import type { Page } from '@playwright/test';

import { expect, signIn, test } from './fixtures.ts';
import type { Stack } from './mock/stack.ts';

async function open(page: Page, origin: string, stack: Stack): Promise<void> {
  const asset = stack.catalogue.addAsset('ada', { title: 'Meadow' });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();
}

function read<T>(page: Page, look: (video: HTMLVideoElement) => T): Promise<T> {
  return page.locator('video').evaluate(look);
}

const position = (page: Page) => read(page, video => video.currentTime);

test('the seek bar previews and seeks', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  const bar = page.getByRole('slider', { name: 'Seek' });
  const box = (await bar.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2);
  await expect(page.locator('.preview__time')).toHaveText('0:10');
  const picture = page.locator('.preview__picture');
  await expect(picture).toBeVisible();
  // The sixth tile of a sheet with four columns.
  expect(await picture.evaluate(element => element.style.backgroundPosition)).toBe('-160px -90px');
  await page.mouse.click(box.x + box.width * 0.5, box.y + box.height / 2);
  await expect.poll(() => position(page)).toBeGreaterThan(9.5);
  expect(await position(page)).toBeLessThan(10.5);
  await expect(bar).toHaveAttribute('aria-valuetext', /^(10|9) seconds of 20 seconds$/);
});

test('quality, sound and captions can be chosen', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);

  await page.getByRole('button', { name: /^Quality: Auto/ }).click();
  await page.getByRole('menuitemradio', { name: '180p', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Quality: 180p' })).toBeFocused();
  await expect.poll(() => stack.media.some(path => /^v\/180p\/.+m4s$/.test(path))).toBe(true);
  await expect.poll(() => read(page, video => video.videoHeight)).toBe(180);
  await page.getByRole('button', { name: /^Quality/ }).click();
  await page.getByRole('menuitemradio', { name: '360p', exact: true }).click();
  await expect.poll(() => read(page, video => video.videoHeight)).toBe(360);

  await page.getByRole('button', { name: /^Audio/ }).click();
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click();
  await expect.poll(() => stack.media.some(path => /^a\/de\/.+m4s$/.test(path))).toBe(true);

  await page.getByRole('button', { name: /^Captions/ }).click();
  await page.getByRole('menuitemradio', { name: 'English' }).click();
  await expect.poll(() => read(page, shownCue)).toBe('A meadow in the morning.');

  await page.getByRole('button', { name: /^Speed/ }).click();
  await page.getByRole('menuitemradio', { name: '1.5×' }).click();
  expect(await read(page, video => video.playbackRate)).toBe(1.5);
});

/** Runs in the page. */
function shownCue(video: HTMLVideoElement): string | undefined {
  const track = [...video.textTracks].find(({ mode }) => mode === 'showing');
  return (track?.activeCues?.[0] as VTTCue | undefined)?.text;
}

test('sound alone plays behind its cover, in each bit rate', async ({ page, origin, stack }) => {
  const asset = stack.catalogue.addAsset('ada', { title: 'Concert', kind: 'audio' });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await expect(page.locator('.player__cover')).toBeVisible();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0.5);
  await page.getByRole('button', { name: /^Quality/ }).click();
  await page.getByRole('menuitemradio', { name: '64 kbit/s', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Quality: 64 kbit/s' })).toBeVisible();
  const from = await position(page);
  await expect.poll(() => position(page)).toBeGreaterThan(from + 1);
});

test('keys do what they say', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  await page.getByRole('slider', { name: 'Seek' }).focus();
  const paused = () => read(page, video => video.paused);
  await page.keyboard.press('5');
  await expect.poll(() => position(page)).toBeCloseTo(10, 0);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => position(page)).toBeCloseTo(15, 0);
  await page.keyboard.press('j');
  await expect.poll(() => position(page)).toBeCloseTo(5, 0);
  await page.keyboard.press('k');
  await expect.poll(paused).toBe(false);
  await page.keyboard.press(' ');
  await expect.poll(paused).toBe(true);
  await page.keyboard.press('m');
  await expect(page.getByRole('button', { name: 'Unmute' })).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('slider', { name: 'Volume' })).toHaveAttribute('aria-valuetext', '90 %');
  await page.keyboard.press('c');
  await expect(page.getByRole('button', { name: 'Captions: on' })).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: 'Leave full screen' })).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: 'Full screen', exact: true })).toBeVisible();
});

test('a menu is a menu for the keyboard', async ({ page, origin, stack }) => {
  await open(page, origin, stack);
  await page.getByRole('button', { name: /^Quality/ }).press('Enter');
  await expect(page.getByRole('menuitemradio', { name: /^Auto/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitemradio', { name: '360p', exact: true })).toBeFocused();
  await page.keyboard.press('End');
  await expect(page.getByRole('menuitemradio', { name: '180p', exact: true })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitemradio', { name: /^Auto/ })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: /^Quality/ })).toBeFocused();
  await expect(page.getByRole('menu')).toHaveCount(0);
});

test('playback goes on when its cookies are gone', async ({ page, context, origin, stack }) => {
  await open(page, origin, stack);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);
  await context.clearCookies();
  // What has not been fetched yet must be asked for now, if nothing else.
  await page.getByRole('button', { name: /^Audio/ }).click();
  await page.getByRole('menuitemradio', { name: 'Deutsch' }).click();
  await expect.poll(() => stack.media.some(path => path.startsWith('!'))).toBe(true);
  await expect.poll(() => stack.media.some(path => /^a\/de\/.+m4s$/.test(path))).toBe(true);
  const from = await position(page);
  await expect.poll(() => position(page)).toBeGreaterThan(from + 1);
});

test('Play that is pressed before the stream is there is not lost', async ({ page, origin, stack }) => {
  const asset = stack.catalogue.addAsset('ada', { title: 'Meadow' });
  let answer = () => {};
  const pressed = new Promise<void>(resolve => (answer = resolve));
  await page.route('**/playback', async route => {
    await pressed;
    await route.continue();
  });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Pause', exact: true })).toBeVisible();
  answer();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);
});

test('a stream that does not come says so', async ({ page, origin, stack }) => {
  const asset = stack.catalogue.addAsset('ada', { title: 'Meadow' });
  await page.route('**/index.m3u8', route => route.fulfill({ status: 404 }));
  await signIn(page, `${origin}/?asset=${asset.id}`);
  const alert = page.getByRole('alert').filter({ hasText: 'The stream did not arrive.' });
  await expect(alert).toBeVisible();
  await page.unroute('**/index.m3u8');
  await alert.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => position(page)).toBeGreaterThan(0.2);
});
