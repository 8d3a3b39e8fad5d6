import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SignedUrls } from '../src/upload/urls.ts';

function signer(lifetimeMs: number, clock: { nowMs: number }) {
  const asked: number[][] = [];
  const urls = new SignedUrls(async numbers => {
    asked.push(numbers);
    const parts = numbers.map(number => ({ number, size: 1, url: `u${number}.${asked.length}`, headers: {} }));
    return { parts, expires_at: new Date(clock.nowMs + lifetimeMs).toISOString() };
  }, () => clock.nowMs);
  return { urls, asked };
}

test('one call brings a batch, and parts at the same time share it', async () => {
  const { urls, asked } = signer(3_600_000, { nowMs: 0 });
  const upcoming = Array.from({ length: 30 }, (_, index) => index + 2);
  const [first, second] = await Promise.all([urls.of(1, upcoming), urls.of(2, upcoming)]);
  assert.deepEqual([first.url, second.url], ['u1.1', 'u2.1']);
  assert.deepEqual(asked.map(numbers => numbers.length), [16]);
});

test('an address near its end is asked for again', async () => {
  const clock = { nowMs: 0 };
  const { urls } = signer(600_000, clock);
  assert.equal((await urls.of(1, [])).url, 'u1.1');
  clock.nowMs = 500_000;
  assert.equal((await urls.of(1, [])).url, 'u1.1');
  clock.nowMs = 545_000;
  assert.equal((await urls.of(1, [])).url, 'u1.2');
});

test('a refused address is asked for again', async () => {
  const { urls } = signer(3_600_000, { nowMs: 0 });
  await urls.of(1, []);
  urls.drop(1);
  assert.equal((await urls.of(1, [])).url, 'u1.2');
});

test('after a failed call the next one asks anew', async () => {
  let calls = 0;
  const urls = new SignedUrls(async () => {
    calls += 1;
    throw new Error('busy');
  }, () => 0);
  await assert.rejects(urls.of(1, []), /busy/);
  await assert.rejects(urls.of(1, []), /busy/);
  assert.equal(calls, 2);
});
