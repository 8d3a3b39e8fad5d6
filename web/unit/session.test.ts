import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Problem, problemOf } from '../src/api/problem.ts';
import type { Upload } from '../src/api/types.ts';
import { Memory } from '../src/upload/memory.ts';
import { UploadSession, type Ports } from '../src/upload/session.ts';
import { Slots } from '../src/upload/slots.ts';
import { PartRefused } from '../src/upload/transfer.ts';
import { storage } from './support.ts';

const PART = 10;

/** A server with one upload, whose parts lie in `parts`. */
class Server {
  readonly parts = new Map<number, number>();
  readonly puts: number[] = [];
  created = 0;
  gone = false;
  aborted = 0;
  state: Upload['state'] = 'open';
  /** Called before a part is taken. */
  beforePut: (number: number, signal: AbortSignal) => void = () => {};
  beforeCall: () => void = () => {};

  constructor(readonly size: number) {}

  get upload(): Upload {
    const parts = [...this.parts].map(([number, size]) => ({ number, size }));
    return {
      id: 'u1', asset: 'a1', state: this.state, name: 'film.mp4', size: this.size, part_size: PART,
      part_count: Math.ceil(this.size / PART), parts, created_at: '2026-01-01T00:00:00Z',
    };
  }

  ports(memory = new Memory(storage())): Ports {
    const call = <T>(answer: () => T) => async () => {
      this.beforeCall();
      return answer();
    };
    return {
      api: {
        createUpload: call(() => {
          this.created += 1;
          this.gone = false;
          return this.upload;
        }),
        upload: call(() => {
          if (this.gone) throw problemOf(404, { code: 'UploadNotFound' });
          return this.upload;
        }),
        signParts: async (_, numbers) => {
          this.beforeCall();
          if (this.state === 'completed') throw problemOf(409, { code: 'UploadEnded' });
          const parts = numbers.map(number => ({ number, size: PART, url: String(number), headers: {} }));
          return { parts, expires_at: '2100-01-01T00:00:00Z' };
        },
        completeUpload: call(() => this.#complete()),
        abortUpload: async () => void (this.aborted += 1),
      },
      put: async (part, bytes, sent, signal) => {
        sent(bytes.size / 2);
        this.beforePut(part.number, signal);
        signal.throwIfAborted();
        this.puts.push(part.number);
        this.parts.set(part.number, bytes.size);
      },
      digest: async () => undefined,
      memory,
      waiting: { sleep: async () => {}, online: async () => {}, random: () => 0 },
      now: () => 0,
      files: new Slots(1),
      parts: new Slots(2),
      partConcurrency: 2,
    };
  }

  #complete() {
    if (this.state === 'completed') return { asset: 'a1' };
    const count = Math.ceil(this.size / PART);
    const missing = Array.from({ length: count }, (_, index) => index + 1).filter(number => !this.parts.has(number));
    if (missing.length > 0) throw problemOf(409, { code: 'UploadIncomplete', missing });
    this.state = 'completed';
    return { asset: 'a1' };
  }
}

const film = (size: number) => new File([new Uint8Array(size)], 'film.mp4', { lastModified: 1 });
const quiet = () => {};

test('a file is sent in its parts and completed', async () => {
  const server = new Server(35);
  const session = new UploadSession(film(35), server.ports(), quiet);
  await session.start();
  assert.equal(session.phase, 'done');
  assert.equal(session.asset, 'a1');
  assert.deepEqual([...server.parts].sort(), [[1, 10], [2, 10], [3, 10], [4, 5]]);
  assert.equal(session.sentBytes, 35);
});

test('after a reload only what is missing is sent', async () => {
  const server = new Server(35);
  const memory = new Memory(storage());
  memory.remember(film(35), 'u1');
  server.parts.set(1, 10);
  server.parts.set(3, 4);
  const session = new UploadSession(film(35), server.ports(memory), quiet);
  await session.start();
  assert.equal(session.phase, 'done');
  assert.equal(server.created, 0);
  assert.deepEqual(server.puts.sort(), [2, 3, 4]);
  assert.equal(memory.recall(film(35)), undefined);
});

test('an upload that is gone begins anew', async () => {
  const server = new Server(15);
  server.gone = true;
  const session = new UploadSession(film(15), server.ports(), quiet, 'u0');
  await session.start();
  assert.equal(session.phase, 'done');
  assert.equal(server.created, 1);
});

test('an upload whose completion was not heard of is complete', async () => {
  // The server need not tell the parts of what is complete.
  const server = new Server(15);
  server.state = 'completed';
  const session = new UploadSession(film(15), server.ports(), quiet, 'u1');
  await session.start();
  assert.equal(session.phase, 'done');
  assert.deepEqual(server.puts, []);
});

test('a pause stops, and a start goes on', async () => {
  const server = new Server(35);
  const session = new UploadSession(film(35), server.ports(), quiet);
  server.beforePut = number => {
    if (number === 3) session.pause();
  };
  await session.start();
  assert.equal(session.phase, 'paused');
  assert.ok(!server.parts.has(3));
  server.beforePut = quiet;
  await session.start();
  assert.equal(session.phase, 'done');
  assert.equal(server.puts.length, new Set(server.puts).size);
});

test('each call may fail once, in turn, and the upload succeeds', async () => {
  for (let failing = 0; failing < 12; failing += 1) {
    const server = new Server(35);
    let calls = 0;
    const fail = (error: Error) => {
      calls += 1;
      if (calls === failing + 1) throw error;
    };
    server.beforeCall = () => fail(problemOf(503, undefined));
    server.beforePut = () => fail(new PartRefused(failing % 2 === 0 ? 0 : 403));
    const session = new UploadSession(film(35), server.ports(), quiet);
    await session.start();
    assert.equal(session.phase, 'done', `call ${failing}`);
  }
});

test('a lasting refusal fails with its reason, and another start may succeed', async () => {
  const server = new Server(35);
  server.beforeCall = () => {
    throw problemOf(415, { code: 'TypeUnsupported' });
  };
  const session = new UploadSession(film(35), server.ports(), quiet);
  await session.start();
  assert.equal(session.phase, 'failed');
  assert.equal((session.problem as Problem).code, 'TypeUnsupported');
  server.beforeCall = quiet;
  await session.start();
  assert.equal(session.phase, 'done');
});

test('parts that the store lost are sent again', async () => {
  const server = new Server(35);
  let lost = false;
  server.beforeCall = () => {
    if (server.parts.size < 4 || lost) return;
    lost = true;
    server.parts.delete(2);
  };
  const session = new UploadSession(film(35), server.ports(), quiet);
  await session.start();
  assert.equal(session.phase, 'done');
  assert.equal(server.puts.filter(number => number === 2).length, 2);
});

test('a cancelled upload is aborted and forgotten', async () => {
  const server = new Server(35);
  const memory = new Memory(storage());
  const session = new UploadSession(film(35), server.ports(memory), quiet);
  server.beforePut = () => void session.cancel();
  await session.start();
  assert.equal(session.phase, 'cancelled');
  assert.equal(server.aborted > 0, true);
  assert.equal(memory.recall(film(35)), undefined);
});
