// Webhooks: made, followed, renewed, paused, deleted.

import { expect, signIn, test } from './fixtures.ts';

const URL_OF_HOOK = 'https://example.com/hook';

test('a webhook is made, and its secret shown this once', async ({ page, context, origin, stack }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await signIn(page, origin);
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Webhooks' })).toBeFocused();
  await expect(page.getByText('There are no webhooks yet.')).toBeVisible();
  await page.getByLabel('Address').fill(URL_OF_HOOK);
  await page.getByLabel('asset.removed').uncheck();
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await expect(page.getByRole('heading', { name: 'The secret' })).toBeFocused();
  const secret = await page.locator('.secret code').innerText();
  expect(secret).toMatch(/^whsec_/);
  await page.getByRole('button', { name: 'Copy secret' }).click();
  await expect(page.getByText('Copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(secret);
  expect(stack.catalogue.webhooks[0]?.events).toHaveLength(6);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('heading', { name: URL_OF_HOOK })).toBeVisible();
  await expect(page.getByText('Nothing was sent yet.')).toBeVisible();
  await expect(page.getByText('whsec_')).toHaveCount(0);
});

test('what cannot be a webhook is refused where it was typed', async ({ page, origin, stack }) => {
  await signIn(page, `${origin}/?webhooks`);
  await page.getByLabel('Address').fill('http://example.com/');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'it should begin with https://' })).toBeVisible();
  await expect(page.getByLabel('Address')).toHaveValue('http://example.com/');
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await expect(page.getByText('Choose at least one event.')).toBeVisible();
  expect(stack.catalogue.webhooks).toEqual([]);
});

test('a last delivery says what was sent, and why it was not taken', async ({ page, origin, stack }) => {
  const last = { type: 'asset.ready', time: '2026-11-25T10:00:00Z', attempt: 3 } as const;
  stack.catalogue.addWebhook('ada', { url: 'https://good.example/', last_delivery: { ...last, delivered: true } });
  const error = 'the certificate has expired';
  stack.catalogue.addWebhook('ada', { url: 'https://bad.example/', last_delivery: { ...last, delivered: false, error } });
  await signIn(page, `${origin}/?webhooks`);
  const row = (url: string) => page.locator('.webhook').filter({ hasText: url });
  await expect(row('good.example')).toContainText(/Last delivery: asset.ready, Nov 25, 2026.*, taken/);
  await expect(row('bad.example')).toContainText('The certificate has expired. It is tried again.');
});

test('a webhook is paused and resumed with the keyboard alone', async ({ page, origin, stack }) => {
  const webhook = stack.catalogue.addWebhook('ada', { url: URL_OF_HOOK });
  await signIn(page, `${origin}/?webhooks`);
  const pause = page.getByRole('button', { name: `Pause ${URL_OF_HOOK}` });
  await expect(pause).toBeVisible();
  await page.getByRole('heading', { level: 1 }).focus();
  await page.keyboard.press('Tab');
  await expect(pause).toBeFocused();
  await page.keyboard.press('Enter');
  const resume = page.getByRole('button', { name: `Resume ${URL_OF_HOOK}` });
  await expect(resume).toBeFocused();
  await expect(page.locator('.webhook .state')).toHaveText('Paused');
  expect(webhook.enabled).toBe(false);
  await page.keyboard.press('Enter');
  await expect(pause).toBeFocused();
  await expect(page.locator('.webhook .state')).toHaveText('Active');
  expect(webhook.enabled).toBe(true);
});

test('a secret is renewed, and a second time only after a question', async ({ page, origin, stack }) => {
  stack.catalogue.addWebhook('ada', { url: URL_OF_HOOK });
  await signIn(page, `${origin}/?webhooks`);
  const renew = page.getByRole('button', { name: 'Renew secret' });
  await renew.click();
  await expect(page.getByRole('heading', { name: 'The new secret' })).toBeFocused();
  await expect(page.getByText('signed with the one before, too')).toBeVisible();
  await expect(page.locator('.webhook')).toContainText('The secret before this one holds until');
  await page.getByRole('button', { name: 'Done' }).click();
  await renew.click();
  await expect(page.getByRole('dialog')).toContainText('ends at once');
  await page.getByRole('button', { name: 'Keep' }).click();
  await expect(renew).toBeFocused();
  await expect(page.locator('.secret')).toHaveCount(0);
  await renew.click();
  await page.getByRole('dialog').getByRole('button', { name: 'Renew' }).click();
  await expect(page.getByRole('heading', { name: 'The new secret' })).toBeVisible();
});

test('deleting a webhook asks first', async ({ page, origin, stack }) => {
  stack.catalogue.addWebhook('ada', { url: URL_OF_HOOK });
  await signIn(page, `${origin}/?webhooks`);
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Delete' })).toBeFocused();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('There are no webhooks yet.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  expect(stack.catalogue.webhooks).toEqual([]);
});

test('a service that is away is told, and the way back leads to the list', async ({ page, origin, stack }) => {
  await signIn(page, origin);
  await expect(page.getByRole('heading', { name: 'Your library' })).toBeVisible();
  await page.route('**/api/webhooks', route => route.abort());
  await page.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page.getByText('The server did not answer.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add webhook' })).toHaveCount(0);
  await page.getByRole('link', { name: 'All assets' }).click();
  await expect(page.getByRole('heading', { name: 'Your library' })).toBeVisible();
  expect(stack.catalogue.webhooks).toEqual([]);
});
