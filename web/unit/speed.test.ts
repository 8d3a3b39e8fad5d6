import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Speed } from '../src/upload/speed.ts';

test('a rate needs a second of samples', () => {
  const speed = new Speed();
  speed.note(0, 0);
  speed.note(900, 900);
  assert.equal(speed.bytesPerSecond(), undefined);
  speed.note(1000, 2000);
  assert.equal(speed.bytesPerSecond(), 2000);
  assert.equal(speed.remainingMs(4000), 2000);
});

test('only the last seconds count', () => {
  const speed = new Speed();
  for (let second = 0; second <= 20; second += 1) speed.note(second * 1000, Math.min(second, 10) * 1000);
  assert.equal(speed.bytesPerSecond(), 0);
  assert.equal(speed.remainingMs(1000), undefined);
});

test('a part that begins again does not make the rate negative', () => {
  const speed = new Speed();
  speed.note(0, 0);
  speed.note(2000, 5000);
  speed.note(2100, 1000);
  assert.equal(speed.bytesPerSecond(), undefined);
  speed.note(4100, 3000);
  assert.equal(speed.bytesPerSecond(), 1000);
});
