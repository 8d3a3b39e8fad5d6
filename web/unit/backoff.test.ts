import assert from 'node:assert/strict';
import { test } from 'node:test';

import { delay, PATIENT, persist, type Waiting } from '../src/upload/backoff.ts';

/** A clock that notes how long it was asked to sleep. */
function noting(): Waiting & { slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      slept.push(milliseconds);
    },
    online: async signal => signal.throwIfAborted(),
    random: () => 1,
  };
}

const never = new AbortController().signal;

test('waits grow up to a longest one', () => {
  assert.deepEqual([1, 2, 3, 7, 20].map(n => delay(PATIENT, n, 1)), [500, 1000, 2000, 30_000, 30_000]);
  assert.equal(delay(PATIENT, 3, 0), 1000);
});

test('a passing fault is tried again, and the result is the last one', async () => {
  const waiting = noting();
  const result = await persist(async attempt => {
    if (attempt < 3) throw new Error('passing');
    return attempt;
  }, () => true, waiting, never);
  assert.equal(result, 3);
  assert.deepEqual(waiting.slept, [500, 1000]);
});

test('a lasting fault is not tried again', async () => {
  const waiting = noting();
  const lasting = persist(() => Promise.reject(new Error('lasting')), () => false, waiting, never);
  await assert.rejects(lasting, /lasting/);
  assert.deepEqual(waiting.slept, []);
});

test('patience ends', async () => {
  const waiting = noting();
  let attempts = 0;
  const failing = persist(async () => {
    attempts += 1;
    throw new Error('passing');
  }, () => true, waiting, never);
  await assert.rejects(failing, /passing/);
  assert.equal(attempts, PATIENT.limit);
});

test('an abort ends the attempts', async () => {
  const control = new AbortController();
  const aborted = persist(async () => {
    control.abort(new Error('paused'));
    throw new Error('passing');
  }, () => true, noting(), control.signal);
  await assert.rejects(aborted, /paused/);
});
