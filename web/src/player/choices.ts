// How a player names what can be chosen. Pure.

import { bitRate } from '../format.ts';

export interface Choice {
  /** As the engine counts; -1 is automatic, or off. */
  index: number;
  label: string;
}

interface Level {
  height?: number;
  bitrate: number;
}

interface Track {
  name?: string;
  lang?: string;
}

/** Rungs, best first. The bit rate tells apart what has the same height. */
export function qualityChoices(levels: readonly Level[]): Choice[] {
  return levels
    .map((level, index) => ({ index, level }))
    .sort((one, other) => other.level.bitrate - one.level.bitrate)
    .map(({ index, level }) => ({ index, label: qualityLabel(level, levels) }));
}

function qualityLabel(level: Level, all: readonly Level[]): string {
  if (!level.height) return bitRate(level.bitrate);
  const label = `${level.height}p`;
  const shared = all.filter(other => other.height === level.height).length > 1;
  return shared ? `${label} · ${bitRate(level.bitrate)}` : label;
}

/** Audio and caption tracks under the name that the stream gives, or their language. */
export function trackChoices(tracks: readonly Track[], language: (code: string) => string): Choice[] {
  return tracks.map(({ name, lang }, index) => {
    const known = lang && lang !== 'und' ? language(lang) : undefined;
    return { index, label: name || known || `Track ${index + 1}` };
  });
}
