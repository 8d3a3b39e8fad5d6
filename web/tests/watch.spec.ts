// The way of a film: signed in, uploaded, transcoded, played. Runs against a real Millrace as well.

import { cardOf, expect, film, signIn, test } from './fixtures.ts';

test('a film is uploaded, goes through its stages, and plays', async ({ page, origin }) => {
  test.setTimeout(300_000);
  const title = `Meadow ${Date.now()}`;
  await signIn(page, origin);
  await page.getByLabel('Choose files').setInputFiles(film(`${title}.mp4`));

  const card = cardOf(page, title);
  await expect(card.locator('.state')).toContainText(/Reading|Encoding|Putting|Publishing/, { timeout: 60_000 });
  await expect(card.locator('.state')).toHaveText('Ready', { timeout: 200_000 });
  await card.getByRole('link', { name: title }).click();
  await expect(page.getByRole('heading', { level: 1, name: title })).toBeFocused();

  await page.getByRole('button', { name: 'Play', exact: true }).click();
  const position = () => page.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime);
  await expect.poll(position, { timeout: 20_000 }).toBeGreaterThan(1);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  const decoded = await page.locator('video').evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames);
  expect(decoded).toBeGreaterThan(5);

  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(card).toHaveCount(0, { timeout: 60_000 });
});
