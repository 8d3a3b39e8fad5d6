// The list of assets, what an owner changes, and what a visitor sees.

import { cardOf, expect, fileOf, signIn, test } from './fixtures.ts';

test('a file that is no film fails with what to do', async ({ page, origin, stack }) => {
  stack.catalogue.stepMs = 300;
  await signIn(page, origin);
  await page.getByLabel('Choose files').setInputFiles(fileOf('notes.mp4', 1000));
  const card = cardOf(page, 'notes');
  await expect(card.locator('.state')).toHaveText('Failed');
  await expect(card).toContainText('notes.mp4: no demuxer recognises the file.');
  await expect(card).toContainText('Upload a video or audio file.');
  await expect(card).toContainText('SourceNotMedia');
  await expect(card.getByRole('button', { name: 'Try again' })).toHaveCount(0);
  await expect(page.getByRole('status')).toContainText('notes failed.');
});

test('a failure that may pass can be tried again', async ({ page, origin, stack }) => {
  stack.catalogue.stepMs = 300;
  await signIn(page, origin);
  await page.getByLabel('Choose files').setInputFiles(fileOf('crash.mp4', 1000));
  const card = cardOf(page, 'crash');
  await card.getByRole('button', { name: 'Try again' }).click();
  await expect(card.locator('.state')).toHaveText('Ready');
});

test('trying again on the page of an asset ends in its player', async ({ page, origin, stack }) => {
  stack.catalogue.stepMs = 300;
  const error = { code: 'EncoderKilled', message: 'film.mov: the encoder ran out of memory', advice: 'try again' };
  const asset = stack.catalogue.addAsset('ada', { title: 'Film', state: 'failed', error });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Film' })).toBeFocused();
  await expect(page.getByRole('progressbar', { name: 'Progress of Film' })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Quality/ })).toBeVisible();
});

test('a search narrows the list, and more is loaded', async ({ page, origin, stack }) => {
  for (let count = 1; count <= 30; count += 1) stack.catalogue.addAsset('ada', { title: `Film ${count}` });
  stack.catalogue.addAsset('ada', { title: 'Concert', tags: ['jazz'] });
  await signIn(page, origin);
  const cards = page.locator('.card');
  await expect(cards).toHaveCount(24);
  await page.getByRole('button', { name: 'Load more' }).click();
  await expect(cards).toHaveCount(31);
  await expect(page.getByRole('button', { name: 'Load more' })).toBeHidden();
  await page.getByRole('searchbox').fill('jazz');
  await expect(cards).toHaveCount(1);
  await page.getByRole('searchbox').fill('nothing like it');
  await expect(page.getByText('Nothing has “nothing like it”')).toBeVisible();
});

test('an older asset that a link opens does not come first in the list', async ({ page, origin, stack }) => {
  const old = stack.catalogue.addAsset('ada', { title: 'Old', created_at: '2020-01-01T00:00:00Z' });
  for (let count = 1; count <= 25; count += 1) stack.catalogue.addAsset('ada', { title: `Film ${count}` });
  await signIn(page, `${origin}/?asset=${old.id}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Old' })).toBeVisible();
  await page.getByLabel('Who may watch').selectOption('public');
  await page.getByRole('link', { name: 'All assets' }).click();
  await expect(page.locator('.card').first()).toContainText('Film 25');
  await expect(page.locator('.card')).toHaveCount(24);
});

test('an owner renames, tags and shares an asset', async ({ page, context, origin, stack }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const asset = stack.catalogue.addAsset('ada', { title: 'Draft' });
  await signIn(page, origin);
  await cardOf(page, 'Draft').getByRole('link').click();
  await page.getByLabel('Title').fill('Final');
  await page.getByRole('button', { name: 'Save title' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Final' })).toBeVisible();
  await page.getByLabel('Tags').fill('jazz, live, jazz');
  await page.getByRole('button', { name: 'Save tags' }).click();
  await expect.poll(() => asset.tags).toEqual(['jazz', 'live']);
  await page.getByLabel('Who may watch').selectOption('unlisted');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await expect(page.getByText('Link copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(`${origin}/?asset=${asset.id}`);
  await page.getByRole('link', { name: 'All assets' }).click();
  await expect(cardOf(page, 'Final').getByRole('link')).toBeFocused();
});

test('a change that somebody else overtook is not made', async ({ page, origin, stack }) => {
  const asset = stack.catalogue.addAsset('ada', { title: 'Draft' });
  await signIn(page, `${origin}/?asset=${asset.id}`);
  await expect(page.getByLabel('Title')).toHaveValue('Draft');
  Object.assign(asset, { title: 'Overtaken', version: asset.version + 1 });
  await page.getByLabel('Title').fill('Mine');
  await page.getByRole('button', { name: 'Save title' }).click();
  await expect(page.getByText('was changed meanwhile. Reload and change it again.')).toBeVisible();
  expect(asset.title).toBe('Overtaken');
});

test('deleting asks first', async ({ page, origin, stack }) => {
  stack.catalogue.stepMs = 300;
  stack.catalogue.addAsset('ada', { title: 'Draft' });
  await signIn(page, origin);
  await cardOf(page, 'Draft').getByRole('link').click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Delete' })).toBeFocused();
  expect(stack.catalogue.assets.size).toBe(1);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(`${origin}/`);
  await expect(cardOf(page, 'Draft')).toHaveCount(0);
  expect(stack.catalogue.assets.size).toBe(0);
});

test('a visitor sees what is public and plays what is shared', async ({ page, origin, stack }) => {
  stack.catalogue.addAsset('ada', { title: 'For all', visibility: 'public' });
  stack.catalogue.addAsset('ada', { title: 'Secret' });
  const shared = stack.catalogue.addAsset('ada', { title: 'Shared', visibility: 'unlisted' });
  await page.goto(origin);
  await expect(cardOf(page, 'For all')).toBeVisible();
  await expect(page.locator('.card')).toHaveCount(1);
  await page.goto(`${origin}/?asset=${shared.id}`);
  await page.getByRole('button', { name: 'Play', exact: true }).click();
  await expect.poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => video.currentTime)).toBeGreaterThan(0.2);
  await expect(page.getByRole('heading', { name: 'Details' })).toHaveCount(0);
  await page.getByRole('link', { name: 'All assets' }).click();
  await expect(page.locator('.card')).toHaveCount(1);
});

test('a private asset tells a visitor to sign in, and the way back leads to it', async ({ page, origin, stack }) => {
  const secret = stack.catalogue.addAsset('ada', { title: 'Secret' });
  await page.goto(`${origin}/?asset=${secret.id}`);
  await expect(page.getByText('Sign in if it is yours.')).toBeVisible();
  await signIn(page, `${origin}/?asset=${secret.id}`);
  await expect(page.getByRole('heading', { level: 1, name: 'Secret' })).toBeVisible();
  expect(new URL(page.url()).search).toBe(`?asset=${secret.id}`);
});

test('a session outlives a reload and its first token, and ends with a sign-out', async ({ page, origin, stack }) => {
  // The page renews a minute before the end, so two seconds after the beginning.
  stack.issuer.lifetimeS = 62;
  await signIn(page, origin);
  await expect.poll(() => stack.issuer.refreshed).toBeGreaterThan(0);
  await page.reload();
  await expect(page.getByText('ada@example.com')).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage }))).not.toContain('access_token');
});
