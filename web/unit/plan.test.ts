import assert from 'node:assert/strict';
import { test } from 'node:test';

import { cells, missingParts, partRange, storedBytes, storedParts } from '../src/upload/plan.ts';

const layout = (size: number, part_size: number) => ({ size, part_size, part_count: Math.ceil(size / part_size) });

test('parts cover the file without gap or overlap', () => {
  for (const size of [1, 99, 100, 101, 1234]) {
    const upload = layout(size, 100);
    let end = 0;
    for (let number = 1; number <= upload.part_count; number += 1) {
      const range = partRange(upload, number);
      assert.equal(range.start, end);
      assert.ok(range.end > range.start && range.end - range.start <= 100);
      end = range.end;
    }
    assert.equal(end, size);
  }
});

test('a part of another size is missing', () => {
  const upload = { ...layout(250, 100), parts: [{ number: 1, size: 100 }, { number: 2, size: 60 }, { number: 3, size: 50 }] };
  const stored = storedParts(upload);
  assert.deepEqual([...stored], [1, 3]);
  assert.deepEqual(missingParts(upload, stored), [2]);
  assert.equal(storedBytes(upload, stored), 150);
});

test('an upload from a list has no parts yet', () => {
  assert.deepEqual([...storedParts(layout(250, 100))], []);
});

test('there is a cell for each part where they fit', () => {
  assert.deepEqual(cells(layout(250, 100), number => (number === 2 ? 0.5 : 0), 10), [0, 0.5, 0]);
});

test('neighbours share a cell, and each part is in exactly one', () => {
  const upload = layout(1000, 100);
  const seen: number[] = [];
  const shares = cells(upload, number => {
    seen.push(number);
    return number <= 5 ? 1 : 0;
  }, 4);
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  assert.deepEqual(shares, [1, 1, 0, 0]);
});
