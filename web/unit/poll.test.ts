import assert from 'node:assert/strict';
import { test } from 'node:test';

import { problemOf } from '../src/api/problem.ts';
import type { Asset } from '../src/api/types.ts';
import { nextDelay, Poll } from '../src/assets/poll.ts';

const moving = (percent: number): Asset => ({
  id: 'a1', title: 'Film', file: 'film.mp4', state: 'processing', visibility: 'private', tags: [], version: 1, created_at: '',
  progress: { stage: 'encode', percent },
});

function watched(read: () => Asset) {
  const state = { visible: true, reads: 0, heard: [] as Asset[], gone: [] as string[], delays: [] as number[] };
  let pending: (() => void) | undefined;
  const poll = new Poll({
    read: async () => {
      state.reads += 1;
      return read();
    },
    heard: asset => state.heard.push(asset),
    gone: id => state.gone.push(id),
    isGone: error => (error as { status?: number }).status === 404,
    visible: () => state.visible,
    later: (task, milliseconds) => {
      state.delays.push(milliseconds);
      pending = task;
      return () => (pending = undefined);
    },
  });
  const tick = async () => {
    const task = pending;
    pending = undefined;
    task?.();
    await new Promise(resolve => setImmediate(resolve));
    return task !== undefined;
  };
  return { poll, state, tick };
}

test('looks come less often while nothing changes, and soon after news', () => {
  assert.deepEqual([nextDelay(1000, false), nextDelay(9000, false), nextDelay(9000, true)], [1500, 10_000, 1000]);
});

test('news is told once, and what rests is read no more', async () => {
  let asset = moving(1);
  const { poll, state, tick } = watched(() => asset);
  poll.follow(asset);
  await tick();
  assert.equal(state.heard.length, 0);
  asset = moving(2);
  await tick();
  assert.equal(state.heard.length, 1);
  asset = { ...asset, state: 'ready' };
  await tick();
  assert.equal(state.heard.length, 2);
  assert.equal(await tick(), false);
  assert.deepEqual(state.delays, [1000, 1500, 1000]);
});

test('a hidden page reads nothing, and a shown one goes on', async () => {
  const { poll, state, tick } = watched(() => moving(1));
  poll.follow(moving(1));
  state.visible = false;
  poll.visibilityChanged();
  assert.equal(await tick(), false);
  state.visible = true;
  poll.visibilityChanged();
  assert.equal(await tick(), true);
  assert.equal(state.reads, 1);
});

test('a deleted asset is gone, and a server that is away is asked again', async () => {
  let status = 503;
  const { poll, state, tick } = watched(() => {
    throw problemOf(status, undefined);
  });
  poll.follow(moving(1));
  await tick();
  assert.deepEqual(state.gone, []);
  status = 404;
  await tick();
  assert.deepEqual(state.gone, ['a1']);
  assert.equal(await tick(), false);
});
