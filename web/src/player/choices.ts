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
  forced?: boolean;
  characteristics?: string;
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
  return tracks.map((track, index) => {
    const { name, lang } = track;
    const known = lang && lang !== 'und' ? language(lang) : undefined;
    // Without a name of its own a track is called after its language.
    const own = lang && (name === lang || name?.startsWith(`${lang} `)) ? undefined : name;
    return { index, label: own || (known && `${known}${purpose(track)}`) || name || `Track ${index + 1}` };
  });
}

/** What a caption is for, where that is not what everybody expects. */
function purpose({ forced, characteristics }: Track): string {
  if (forced) return ' (forced)';
  return characteristics?.includes('describes-music-and-sound') ? ' (CC)' : '';
}
