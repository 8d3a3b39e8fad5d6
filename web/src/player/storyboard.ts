// The index of a storyboard: WebVTT whose cues name a rectangle of a picture (`#xywh`, W3C Media
// Fragments 4.2.2), relative to the index. Pure.

export interface Tile {
  /** Seconds; end-exclusive. */
  start: number;
  end: number;
  url: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

const TIMES = /^(\S+)\s+-->\s+(\S+)/;
const PLACE = /^(.+)#xywh=(?:pixel:)?(\d+),(\d+),(\d+),(\d+)$/;

/** The tiles in order; what is no tile is left out. `base` is the address of the index. */
export function parseStoryboard(text: string, base: string): Tile[] {
  const blocks = text.replaceAll('\r\n', '\n').split(/\n{2,}/);
  return blocks.map(block => tileOf(block, base)).filter(tile => tile !== undefined);
}

/** The tile to show at a time: the last one also stands for what follows. */
export function tileAt(tiles: readonly Tile[], seconds: number): Tile | undefined {
  return tiles.find(tile => seconds < tile.end) ?? tiles.at(-1);
}

function tileOf(block: string, base: string): Tile | undefined {
  const lines = block.split('\n');
  const at = lines.findIndex(line => TIMES.test(line));
  const times = TIMES.exec(lines[at] ?? '');
  const place = PLACE.exec(lines[at + 1]?.trim() ?? '');
  if (!times || !place) return undefined;
  const [, picture = '', ...measures] = place;
  const [x = 0, y = 0, width = 0, height = 0] = measures.map(Number);
  const url = new URL(picture, base).href;
  return { start: secondsOf(times[1]), end: secondsOf(times[2]), url, x, y, width, height };
}

/** `hh:mm:ss.mmm` or `mm:ss.mmm`. */
function secondsOf(time = ''): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
