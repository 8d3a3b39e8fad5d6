// Uploads, and what happens to them on a bad day.

import { cardOf, drop, expect, fileOf, signIn, test } from './fixtures.ts';
import type { Stack } from './mock/stack.ts';

const MB = 1024 * 1024;
/** Slow enough to be interrupted: a part takes half a second. */
const SLOW = 512 * 1024;

/** The bytes in the store are the bytes of film.mp4. */
function expectWhole(stack: Stack, bytes: Buffer): void {
  const upload = [...stack.catalogue.uploads.values()].find(({ name }) => name === 'film.mp4');
  expect(stack.store.object(upload!.id).equals(bytes)).toBe(true);
}

/** How often parts were sent that the store had. */
function repeated({ store }: Stack): number {
  return store.arrivals.length - new Set(store.arrivals).size;
}

test('several files upload with progress, speed and time left', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW / 2;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 4 * MB);
  await page.getByLabel('Choose files').setInputFiles([film, fileOf('song.mp3', MB)]);

  await expect(page.locator('.header')).toContainText(/uploads? running/);
  const row = page.getByRole('listitem').filter({ hasText: 'film.mp4' });
  await expect(row).toContainText(/[\d.]+ MB of 4\.2 MB · .+\/s · .+ left/);
  const share = () => row.getByRole('progressbar').evaluate((bar: HTMLProgressElement) => bar.value);
  await expect.poll(share).toBeGreaterThan(0.3);

  await expect(cardOf(page, 'film')).toBeVisible();
  await expect(cardOf(page, 'song')).toBeVisible();
  await expect(row).toHaveCount(0);
  expectWhole(stack, film.buffer);
});

test('a connection that breaks costs only the part', async ({ page, origin, stack }) => {
  stack.store.breakNext = 2;
  stack.store.failNext = 1;
  stack.api.unavailableNext = 0;
  await signIn(page, origin);
  stack.api.unavailableNext = 1;
  const film = fileOf('film.mp4', 2 * MB);
  await drop(page, film);
  await expect(cardOf(page, 'film')).toBeVisible();
  expectWhole(stack, film.buffer);
  expect(repeated(stack)).toBe(0);
});

test('an upload pauses and goes on', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 3 * MB);
  await drop(page, film);
  await expect.poll(() => stack.store.arrivals.length).toBeGreaterThan(2);
  await page.getByRole('button', { name: 'Pause film.mp4' }).click();
  await expect(page.getByText('paused')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Resume film.mp4' })).toBeFocused();
  const before = stack.store.arrivals.length;
  await page.waitForTimeout(1000);
  expect(stack.store.arrivals.length).toBe(before);

  await page.getByRole('button', { name: 'Resume film.mp4' }).click();
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expectWhole(stack, film.buffer);
  expect(repeated(stack)).toBe(0);
});

test('an upload goes on after a reload with what is missing', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 4 * MB);
  await drop(page, film);
  await expect.poll(() => stack.store.arrivals.length).toBeGreaterThan(3);
  page.once('dialog', dialog => void dialog.accept());
  await page.reload();

  const unfinished = page.getByRole('list', { name: 'Unfinished uploads' });
  await expect(unfinished).toContainText('drop the same file again to go on');
  await drop(page, film);
  await expect(unfinished.getByRole('listitem')).toHaveCount(0);
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expect(stack.catalogue.uploads.size).toBe(1);
  expectWhole(stack, film.buffer);
  expect(repeated(stack)).toBe(0);
});

test('an upload that another browser began asks for its file', async ({ page, origin, stack }) => {
  await signIn(page, origin);
  stack.catalogue.addUpload('ada', { name: 'film.mp4', size: MB, type: 'video/mp4', part_size: 256 * 1024 });
  await page.reload();
  const unfinished = page.getByRole('list', { name: 'Unfinished uploads' });
  await expect(unfinished).toContainText('choose the same file to go on');
  await unfinished.getByLabel('Choose file').setInputFiles(fileOf('other.mp4', MB));
  await expect(unfinished).toContainText('This is another file. Choose film.mp4 of 1.0 MB.');
  await unfinished.getByLabel('Choose file').setInputFiles(fileOf('film.mp4', MB));
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expect(stack.catalogue.uploads.size).toBe(1);
});

test('an unfinished upload can be discarded', async ({ page, origin, stack }) => {
  await signIn(page, origin);
  stack.catalogue.addUpload('ada', { name: 'film.mp4', size: MB, type: 'video/mp4', part_size: 256 * 1024 });
  await page.reload();
  await page.getByRole('button', { name: 'Discard film.mp4' }).click();
  await expect(page.getByRole('list', { name: 'Unfinished uploads' }).getByRole('listitem')).toHaveCount(0);
  await expect.poll(() => stack.catalogue.uploads.size).toBe(0);
});

test('an upload waits for the network', async ({ page, context, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 2 * MB);
  await drop(page, film);
  await expect.poll(() => stack.store.arrivals.length).toBeGreaterThan(0);
  await context.setOffline(true);
  await expect(page.getByText('waiting for the network')).toBeVisible();
  await context.setOffline(false);
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expectWhole(stack, film.buffer);
});

test('addresses that ran out are asked for again', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 3 * MB);
  await drop(page, film);
  await expect.poll(() => stack.store.arrivals.length).toBeGreaterThan(0);
  stack.store.expireAll();
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expectWhole(stack, film.buffer);
});

test('a part that the store lost is sent again', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  const film = fileOf('film.mp4', 2 * MB);
  await drop(page, film);
  await expect.poll(() => stack.store.arrivals.length).toBeGreaterThan(0);
  const [upload] = [...stack.catalogue.uploads.values()];
  stack.store.parts(upload!.id).delete(Number(stack.store.arrivals[0]!.split('/')[1]));
  await expect(cardOf(page, 'film').locator('.state')).not.toHaveText('Uploading');
  expectWhole(stack, film.buffer);
});

test('a refusal says what to do', async ({ page, origin, stack }) => {
  await signIn(page, origin);
  await page.getByLabel('Choose files').setInputFiles({ ...fileOf('notes.txt', 100), mimeType: 'text/plain' });
  await expect(page.getByText('notes.txt is of type text/plain. Choose a video or audio file.').first()).toBeVisible();
  await expect(page.getByRole('button', { name: 'Try again' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Remove notes.txt' }).click();
  await expect(page.getByText('notes.txt', { exact: true })).toHaveCount(0);
  expect(stack.catalogue.uploads.size).toBe(0);
});

test('a cancelled upload is gone', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  await drop(page, fileOf('film.mp4', 2 * MB));
  await expect.poll(() => stack.catalogue.uploads.size).toBe(1);
  await page.getByRole('button', { name: 'Cancel film.mp4' }).click();
  await expect.poll(() => stack.catalogue.uploads.size).toBe(0);
  await expect(page.getByRole('list', { name: 'Files on their way' }).getByRole('listitem')).toHaveCount(0);
});

test('who leaves while files upload is asked', async ({ page, origin, stack }) => {
  stack.store.pace = SLOW;
  await signIn(page, origin);
  await drop(page, fileOf('film.mp4', 2 * MB));
  await expect.poll(() => stack.catalogue.uploads.size).toBe(1);
  // Browsers ask only those who have used the page.
  await page.getByRole('heading', { name: 'Upload', exact: true }).click();
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.accept();
});
