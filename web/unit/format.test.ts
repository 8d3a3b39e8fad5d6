import assert from 'node:assert/strict';
import { test } from 'node:test';

import { bitRate, bytes, clock, counted, spoken, timeLeft } from '../src/format.ts';

test('sizes have as many digits as help', () => {
  assert.deepEqual([0, 999, 1000, 9_949_000, 9_960_000, 734_003_200, 5e12].map(bytes), [
    '0 B', '999 B', '1.0 kB', '9.9 MB', '10 MB', '734 MB', '5.0 TB',
  ]);
});

test('a size just below a unit is not shown as a thousand', () => {
  assert.equal(bytes(999_900), '1.0 MB');
});

test('a position has hours only where there are some', () => {
  assert.deepEqual([0, 65.9, 3723, Number.NaN, -1].map(clock), ['0:00', '1:05', '1:02:03', '0:00', '0:00']);
});

test('a position is spoken without what is zero', () => {
  assert.deepEqual([0, 1, 65, 3600].map(spoken), ['0 seconds', '1 second', '1 minute 5 seconds', '1 hour']);
});

test('time left is no more exact than it is known', () => {
  assert.deepEqual([0, 12_000, 59_000, 61_000, 3_600_000, 10_800_000].map(timeLeft), [
    'a few seconds left', 'about 15 s left', 'about 60 s left', 'about 1 min left', 'about 60 min left', 'about 3 h left',
  ]);
});

test('nouns are counted', () => {
  assert.deepEqual([0, 1, 2].map(count => counted(count, 'file')), ['0 files', '1 file', '2 files']);
});

test('bit rates change their unit at a megabit', () => {
  assert.deepEqual([64_000, 999_499, 1_900_000].map(bitRate), ['64 kbit/s', '999 kbit/s', '1.9 Mbit/s']);
});
