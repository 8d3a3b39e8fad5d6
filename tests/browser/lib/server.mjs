// A loopback web server for an output folder, as a CDN would serve it: media types, byte ranges,
// CORS. It keeps a list of what was asked for.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';

const MEDIA_TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.m4s': 'video/iso.segment',
  '.mjs': 'text/javascript',
  '.mp4': 'video/mp4',
  '.mpd': 'application/dash+xml',
  '.vtt': 'text/vtt',
};

/**
 * Serves folders under URL prefixes, such as `{'/media/': '/tmp/out'}`.
 *
 * @param {Record<string, string>} mounts
 * @returns {Promise<{origin: string, requests: {path: string, status: number}[], close: () => void}>}
 */
export async function serve(mounts) {
  const requests = [];
  const server = http.createServer((request, response) => {
    answer(mounts, request, response).then(
      status => requests.push({ path: pathOf(request), status }),
      () => response.destroy(),
    );
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(mounts, request, response) {
  const headers = {
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'content-length, content-range',
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
  };
  const reply = (status, more = {}) => {
    response.writeHead(status, { ...headers, ...more });
    return status;
  };

  const file = fileOf(mounts, pathOf(request));
  const info = file && (await stat(file).catch(() => null));
  if (!info?.isFile()) {
    const status = reply(404);
    response.end();
    return status;
  }
  headers['content-type'] = MEDIA_TYPES[path.extname(file)] ?? 'application/octet-stream';

  const range = rangeOf(request.headers.range, info.size);
  if (range === 'unsatisfiable') {
    const status = reply(416, { 'content-range': `bytes */${info.size}` });
    response.end();
    return status;
  }
  const { start, end } = range ?? { start: 0, end: info.size - 1 };
  const length = { 'content-length': end - start + 1 };
  const status = range
    ? reply(206, { ...length, 'content-range': `bytes ${start}-${end}/${info.size}` })
    : reply(200, length);
  if (request.method === 'HEAD' || info.size === 0) {
    response.end();
  } else {
    createReadStream(file, { start, end }).on('error', () => response.destroy()).pipe(response);
  }
  return status;
}

function pathOf(request) {
  return decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
}

function fileOf(mounts, urlPath) {
  const prefix = Object.keys(mounts).find(candidate => urlPath.startsWith(candidate));
  if (prefix === undefined) return null;
  const root = path.resolve(mounts[prefix]);
  const file = path.resolve(root, urlPath.slice(prefix.length));
  return file.startsWith(root + path.sep) ? file : null;
}

/** A single range of `bytes=first-last` or `bytes=first-`; anything else is answered whole. */
function rangeOf(header, size) {
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? '');
  if (!match) return null;
  const start = Number(match[1]);
  const end = match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  return start > end ? 'unsatisfiable' : { start, end };
}
