// Which bytes are which part, and which parts are missing. Pure.

import type { Upload } from '../api/types.ts';

/** End-exclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

type Layout = Pick<Upload, 'size' | 'part_size' | 'part_count'>;

export function partRange(upload: Layout, number: number): ByteRange {
  const start = (number - 1) * upload.part_size;
  return { start, end: Math.min(start + upload.part_size, upload.size) };
}

export function partSize(upload: Layout, number: number): number {
  const range = partRange(upload, number);
  return range.end - range.start;
}

/** Numbers of the parts that the store has whole. */
export function storedParts(upload: Layout & Pick<Upload, 'parts'>): Set<number> {
  const whole = (upload.parts ?? []).filter(part => part.size === partSize(upload, part.number));
  return new Set(whole.map(part => part.number));
}

/** Numbers of all other parts, ascending. */
export function missingParts(upload: Layout, stored: ReadonlySet<number>): number[] {
  const all = Array.from({ length: upload.part_count }, (_, index) => index + 1);
  return all.filter(number => !stored.has(number));
}

export function storedBytes(upload: Layout, stored: ReadonlySet<number>): number {
  return [...stored].reduce((sum, number) => sum + partSize(upload, number), 0);
}

/** How full each of at most `limit` cells is, 0 to 1: one cell per part where they fit. */
export function cells(upload: Layout, fill: (number: number) => number, limit: number): number[] {
  const count = Math.min(upload.part_count, limit);
  return Array.from({ length: count }, (_, cell) => {
    const first = Math.floor((cell * upload.part_count) / count) + 1;
    const last = Math.floor(((cell + 1) * upload.part_count) / count);
    let sum = 0;
    for (let number = first; number <= last; number += 1) sum += fill(number);
    return sum / (last - first + 1);
  });
}
