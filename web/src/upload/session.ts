// One file on its way to the store.
//
// The server knows which parts it has, so every start asks it, and nothing but the upload's id is
// kept: a pause, a broken connection and a reload are all mended in the same way.

import type { Api } from '../api/client.ts';
import { Problem } from '../api/problem.ts';
import type { Completed, Upload } from '../api/types.ts';
import { persist, type Waiting } from './backoff.ts';
import type { Memory } from './memory.ts';
import { missingParts, partRange, partSize, storedBytes, storedParts } from './plan.ts';
import type { Slots } from './slots.ts';
import { Speed } from './speed.ts';
import { PartRefused, type putPart } from './transfer.ts';
import { SignedUrls } from './urls.ts';

export type Phase = 'waiting' | 'starting' | 'sending' | 'finishing' | 'paused' | 'done' | 'failed' | 'cancelled';

type UploadCalls = Pick<Api, 'createUpload' | 'upload' | 'signParts' | 'completeUpload' | 'abortUpload'>;

export interface Ports {
  api: UploadCalls;
  put: typeof putPart;
  /** SHA-256 as hex digits, or nothing for a file that is too big to read twice. */
  digest(file: Blob): Promise<string | undefined>;
  memory: Pick<Memory, 'remember' | 'recall' | 'forget'>;
  waiting: Waiting;
  now(): number;
  /** Files at once. */
  files: Slots;
  /** Parts at once, over all files. */
  parts: Slots;
  partConcurrency: number;
}

/** How often `complete` may find parts missing that the store had taken. */
const ROUNDS = 3;

export class UploadSession {
  readonly file: File;
  phase: Phase = 'waiting';
  problem: unknown;
  upload: Upload | undefined;
  /** The asset, once the upload is complete. */
  asset: string | undefined;
  readonly #ports: Ports;
  readonly #changed: () => void;
  readonly #speed = new Speed();
  readonly #inFlight = new Map<number, number>();
  #stored = new Set<number>();
  #known: string | undefined;
  #control = new AbortController();

  /** `known` is the upload to go on with; `changed` is called after each change, often. */
  constructor(file: File, ports: Ports, changed: () => void, known?: string) {
    this.file = file;
    this.#ports = ports;
    this.#changed = changed;
    this.#known = known ?? ports.memory.recall(file);
  }

  get active(): boolean {
    return ['waiting', 'starting', 'sending', 'finishing'].includes(this.phase);
  }

  /** Bytes that the store has or that are on their way. */
  get sentBytes(): number {
    if (!this.upload) return 0;
    const inFlight = [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
    return storedBytes(this.upload, this.#stored) + inFlight;
  }

  get bytesPerSecond(): number | undefined {
    return this.#speed.bytesPerSecond();
  }

  get remainingMs(): number | undefined {
    return this.#speed.remainingMs(this.file.size - this.sentBytes);
  }

  /** The share of part `number` that is sent, 0 to 1. */
  fill(number: number): number {
    if (!this.upload) return 0;
    if (this.#stored.has(number)) return 1;
    return (this.#inFlight.get(number) ?? 0) / partSize(this.upload, number);
  }

  /** Begins, or goes on after a pause or a failure. Ends when there is nothing more to do. */
  async start(): Promise<void> {
    const control = new AbortController();
    this.#control = control;
    this.problem = undefined;
    this.#enter('waiting');
    try {
      await this.#ports.files.with(control.signal, () => this.#run(control.signal));
    } catch (error) {
      // Who pauses or cancels has set the phase.
      if (control.signal.aborted) return;
      control.abort();
      this.problem = error;
      this.#enter('failed');
    }
  }

  pause(): void {
    this.#control.abort();
    this.#enter('paused');
  }

  /** Stops and lets the store forget the parts. Rejects where the server could not be told. */
  async cancel(): Promise<void> {
    this.#control.abort();
    this.#enter('cancelled');
    const id = this.upload?.id ?? this.#known;
    if (id === undefined) return;
    this.#ports.memory.forget(id);
    await this.#ports.api.abortUpload(id).catch((error: unknown) => {
      if (!(error instanceof Problem && error.status === 404)) throw error;
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    this.#enter('starting');
    const upload = await this.#patiently(() => this.#open(signal), signal);
    this.upload = upload;
    this.#known = upload.id;
    this.#stored = storedParts(upload);
    this.#ports.memory.remember(this.file, upload.id);
    const completed = await this.#finish(upload, signal);
    this.#ports.memory.forget(upload.id);
    this.asset = completed.asset;
    this.#enter('done');
  }

  /** The upload that this file began before, or a new one. */
  async #open(signal: AbortSignal): Promise<Upload> {
    if (this.#known !== undefined) {
      const upload = await this.#reopen(this.#known, signal);
      if (upload) return upload;
      this.#ports.memory.forget(this.#known);
      this.#known = undefined;
    }
    const { name, size, type } = this.file;
    const sha256 = await this.#ports.digest(this.file);
    return this.#ports.api.createUpload({ name, size, type, ...(sha256 && { sha256 }) }, signal);
  }

  async #reopen(id: string, signal: AbortSignal): Promise<Upload | undefined> {
    try {
      return await this.#ports.api.upload(id, signal);
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }
  }

  async #finish(upload: Upload, signal: AbortSignal): Promise<Completed> {
    for (let round = 1; ; round += 1) {
      if (upload.state === 'open') await this.#send(upload, signal);
      this.#enter('finishing');
      try {
        return await this.#patiently(() => this.#ports.api.completeUpload(upload.id, signal), signal);
      } catch (error) {
        const missing = error instanceof Problem ? error.missing : [];
        if (missing.length === 0 || round === ROUNDS) throw error;
        for (const number of missing) this.#stored.delete(number);
      }
    }
  }

  async #send(upload: Upload, signal: AbortSignal): Promise<void> {
    this.#inFlight.clear();
    this.#speed.forget();
    this.#enter('sending');
    const queue = missingParts(upload, this.#stored);
    const sign = (numbers: number[]) => this.#ports.api.signParts(upload.id, numbers, signal);
    const urls = new SignedUrls(sign, this.#ports.now);
    const work = async () => {
      for (let number = queue.shift(); number !== undefined; number = queue.shift()) {
        await this.#sendPart(upload, number, urls, queue, signal);
      }
    };
    await Promise.all(Array.from({ length: this.#ports.partConcurrency }, work));
  }

  async #sendPart(
    upload: Upload,
    number: number,
    urls: SignedUrls,
    upcoming: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    const { start, end } = partRange(upload, number);
    const attempt = async () => {
      const part = await urls.of(number, upcoming);
      const sent = (count: number) => this.#note(number, count);
      await this.#ports.put(part, this.file.slice(start, end), sent, signal);
    };
    await this.#patiently(() => this.#ports.parts.with(signal, attempt).catch((error: unknown) => {
      this.#inFlight.delete(number);
      // 403 is how the store says that the address ran out.
      if (error instanceof PartRefused && error.status === 403) urls.drop(number);
      throw error;
    }), signal);
    this.#inFlight.delete(number);
    this.#stored.add(number);
    this.#changed();
  }

  #patiently<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return persist(task, isPassing, this.#ports.waiting, signal);
  }

  #note(number: number, count: number): void {
    this.#inFlight.set(number, count);
    this.#speed.note(this.#ports.now(), this.sentBytes);
    this.#changed();
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    if (phase !== 'sending') this.#inFlight.clear();
    this.#changed();
  }
}

function isPassing(error: unknown): boolean {
  if (error instanceof Problem) return error.passing;
  if (!(error instanceof PartRefused)) return false;
  // S3 says 400 for a connection that went quiet, and 404 for an upload that has ended.
  return error.status !== 404;
}
