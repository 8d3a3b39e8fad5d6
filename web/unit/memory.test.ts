import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Memory } from '../src/upload/memory.ts';
import { storage } from './support.ts';

const film = { name: 'film.mp4', size: 5, lastModified: 7 };

test('a file is known again by name, size and date together', () => {
  const memory = new Memory(storage());
  memory.remember(film, 'u1');
  assert.equal(memory.recall({ ...film }), 'u1');
  for (const other of [{ name: 'other.mp4' }, { size: 6 }, { lastModified: 8 }]) {
    assert.equal(memory.recall({ ...film, ...other }), undefined);
  }
});

test('an upload that ended is forgotten, and nothing else', () => {
  const kept = storage();
  kept.setItem('theme', 'u1');
  const memory = new Memory(kept);
  memory.remember(film, 'u1');
  memory.remember({ ...film, name: 'b.mp4' }, 'u2');
  assert.ok(memory.knows('u1'));
  memory.forget('u1');
  assert.ok(!memory.knows('u1'));
  assert.ok(memory.knows('u2'));
  assert.equal(kept.getItem('theme'), 'u1');
});
