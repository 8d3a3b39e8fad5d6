// What the tests of the page begin with: a Millrace, and somebody who signs in.
//
// MILLRACE_WEB_URL, MILLRACE_WEB_USER and MILLRACE_WEB_PASSWORD name a real one. Tests that need a
// fault or the contents of the mock ask for `stack`, and are skipped there.

import { readFileSync } from 'node:fs';
import path from 'node:path';

import { test as base, expect, type Locator, type Page } from '@playwright/test';

import { startStack, type Stack } from './mock/stack.ts';

const REAL = process.env['MILLRACE_WEB_URL'];
const USER = process.env['MILLRACE_WEB_USER'] ?? 'ada';
const PASSWORD = process.env['MILLRACE_WEB_PASSWORD'] ?? 'any';

interface Fixtures {
  mock: Stack | undefined;
  stack: Stack;
  /** Where the page is. */
  origin: string;
  /** Fails the test on errors of the page's scripts and on what its policy refused. */
  clean: void;
}

export const test = base.extend<Fixtures>({
  mock: async ({}, use) => {
    const stack = REAL === undefined ? await startStack() : undefined;
    await use(stack);
    await stack?.close();
  },
  stack: async ({ mock }, use, info) => {
    info.skip(mock === undefined, 'needs the mock');
    await use(mock!);
  },
  origin: async ({ mock }, use) => {
    await use(mock?.origin ?? REAL!);
  },
  clean: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on('pageerror', error => errors.push(String(error)));
      page.on('console', message => {
        if (message.text().includes('Content Security Policy')) errors.push(message.text());
      });
      await use();
      expect(errors).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Signs in with the form of the issuer, whatever it calls its fields. */
export async function signIn(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('input[type=text], input[type=email], input:not([type])').first().fill(USER);
  await page.locator('input[type=password]').first().fill(PASSWORD);
  await page.locator('input[type=password]').first().press('Enter');
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}

interface Chosen {
  name: string;
  mimeType: string;
  buffer: Buffer;
}

/** A file of so many bytes; the same name and size are the same bytes. */
export function fileOf(name: string, size: number): Chosen {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4096) buffer.writeUInt32LE(at % 0xffffffff, at);
  return { name, mimeType: 'video/mp4', buffer };
}

/** A real film, for a real Millrace. */
export function film(name: string): Chosen {
  const clip = path.resolve(import.meta.dirname, '../../tests/media/bbb_720p_5s.mp4');
  return { name, mimeType: 'video/mp4', buffer: readFileSync(clip) };
}

/** Drops a file on the page, as from a file manager; its date stays the same. */
export async function drop(page: Page, file: Chosen): Promise<void> {
  const { name, mimeType, buffer } = file;
  const transfer = await page.evaluateHandle(
    ([name, type, base64]) => {
      const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, { type, lastModified: 1_700_000_000_000 }));
      return transfer;
    },
    [name, mimeType, buffer.toString('base64')] as const,
  );
  await page.dispatchEvent('.drop', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
}

export function cardOf(page: Page, title: string): Locator {
  return page.locator('.card').filter({ has: page.getByRole('link', { name: title, exact: true }) });
}
