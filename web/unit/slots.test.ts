import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Slots } from '../src/upload/slots.ts';

const never = new AbortController().signal;

test('no more run at once than there are slots, and all run', async () => {
  const slots = new Slots(2);
  let running = 0;
  let most = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(resolve => setTimeout(resolve, 1));
    running -= 1;
  };
  await Promise.all(Array.from({ length: 7 }, () => slots.with(never, task)));
  assert.equal(most, 2);
  assert.equal(running, 0);
});

test('a failure gives its slot back', async () => {
  const slots = new Slots(1);
  await assert.rejects(slots.with(never, () => Promise.reject(new Error('failed'))), /failed/);
  assert.equal(await slots.with(never, async () => 'next'), 'next');
});

test('who gives up in the queue takes no slot', async () => {
  const slots = new Slots(1);
  let finish = () => {};
  const first = slots.with(never, () => new Promise<void>(resolve => (finish = resolve)));
  const control = new AbortController();
  const second = slots.with(control.signal, async () => assert.fail('ran'));
  const third = slots.with(never, async () => 'third');
  control.abort(new Error('gave up'));
  await assert.rejects(second, /gave up/);
  finish();
  await first;
  assert.equal(await third, 'third');
});
