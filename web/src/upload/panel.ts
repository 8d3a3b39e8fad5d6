// The upload part of the page: drop zone, files on their way, uploads that wait for their file.

import type { Api } from '../api/client.ts';
import { explain } from '../api/problem.ts';
import type { Upload } from '../api/types.ts';
import { announce } from '../ui/announce.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { browserWaiting, digest } from './browser.ts';
import { Memory } from './memory.ts';
import { UploadRow } from './row.ts';
import { UploadSession, type Ports } from './session.ts';
import { Slots } from './slots.ts';
import { putPart } from './transfer.ts';
import { unfinishedRow } from './unfinished.ts';

const FILES_AT_ONCE = 3;
const PARTS_AT_ONCE = 4;

interface News {
  /** A session has begun, changed much, or ended. */
  changed(): void;
  /** An upload is complete; its asset is being processed. */
  completed(asset: string): void;
}

export class UploadPanel {
  readonly element: HTMLElement;
  readonly #api: Api;
  readonly #ports: Ports;
  readonly #memory = new Memory(localStorage);
  readonly #news: News;
  readonly #rows = new Map<UploadSession, UploadRow>();
  readonly #list = h('ul', { class: 'uploads', 'aria-label': 'Files on their way' });
  readonly #unfinished = h('ul', { class: 'uploads', 'aria-label': 'Unfinished uploads' });

  constructor(api: Api, news: News) {
    this.#api = api;
    this.#news = news;
    this.#ports = {
      api,
      put: putPart,
      digest,
      memory: this.#memory,
      waiting: browserWaiting,
      now: Date.now,
      files: new Slots(FILES_AT_ONCE),
      parts: new Slots(PARTS_AT_ONCE),
      partConcurrency: PARTS_AT_ONCE,
    };
    this.element = h(
      'section',
      { class: 'panel', 'aria-labelledby': 'upload-title' },
      h('h2', { id: 'upload-title' }, 'Upload'),
      this.#dropZone(),
      this.#list,
      this.#unfinished,
    );
    window.addEventListener('beforeunload', event => {
      if (this.active.length > 0) event.preventDefault();
    });
    for (const change of ['online', 'offline']) {
      window.addEventListener(change, () => this.#rows.forEach(row => row.refresh()));
    }
  }

  get active(): UploadSession[] {
    return [...this.#rows.keys()].filter(session => session.active);
  }

  /** Shows the uploads that the server still waits for. */
  async showUnfinished(): Promise<void> {
    const open = await this.#api.openUploads();
    const here = new Set([...this.#rows.keys()].map(session => session.upload?.id));
    const rows = open.filter(upload => !here.has(upload.id)).map(upload => this.#waitingRow(upload));
    this.#unfinished.replaceChildren(...rows);
  }

  #dropZone(): HTMLElement {
    const input = h('input', {
      type: 'file',
      id: 'files',
      class: 'visually-hidden',
      multiple: true,
      change: () => {
        this.#take(input.files);
        input.value = '';
      },
    });
    const zone = h(
      'div',
      { class: 'drop' },
      icon('upload'),
      h('p', {}, 'Drop video or audio files here'),
      input,
      h('label', { for: 'files', class: 'button button--main' }, 'Choose files'),
    );
    this.#acceptDrops(zone);
    return zone;
  }

  /** The whole page takes files: who misses the zone must not lose the page. */
  #acceptDrops(zone: HTMLElement): void {
    const mark = (over: boolean) => zone.classList.toggle('drop--over', over);
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    window.addEventListener('dragover', event => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(true);
    });
    window.addEventListener('dragleave', event => {
      if (!event.relatedTarget) mark(false);
    });
    window.addEventListener('drop', event => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      mark(false);
      this.#take(event.dataTransfer?.files);
    });
  }

  #take(files: FileList | null | undefined): void {
    for (const file of files ?? []) {
      const session = this.#sessionOf(file);
      if (!session) this.#begin(file, this.#memory.recall(file));
      else if (!session.active) void this.#follow(session);
    }
  }

  /** The session that this very file has already. */
  #sessionOf(file: File): UploadSession | undefined {
    return [...this.#rows.keys()].find(
      ({ file: other }) =>
        other.name === file.name && other.size === file.size && other.lastModified === file.lastModified,
    );
  }

  #begin(file: File, known: string | undefined): void {
    const session = new UploadSession(file, this.#ports, () => row.refresh(), known);
    const row = new UploadRow(session, {
      resume: () => void this.#follow(session),
      pause: () => session.pause(),
      cancel: () => void this.#cancel(session),
    });
    this.#rows.set(session, row);
    this.#list.append(row.element);
    if (known) this.#unfinished.querySelector(`[data-upload="${known}"]`)?.remove();
    void this.#follow(session);
  }

  async #follow(session: UploadSession): Promise<void> {
    const running = session.start();
    this.#news.changed();
    await running;
    this.#news.changed();
    if (session.phase === 'failed') announce(`${session.file.name}: ${explain(session.problem)}`);
    if (session.phase !== 'done' || session.asset === undefined) return;
    this.#remove(session);
    announce(`${session.file.name} is uploaded.`);
    this.#news.completed(session.asset);
  }

  async #cancel(session: UploadSession): Promise<void> {
    try {
      await session.cancel();
      announce(`${session.file.name}: upload cancelled.`);
    } catch (error) {
      announce(explain(error));
    }
    this.#remove(session);
    this.#news.changed();
  }

  #remove(session: UploadSession): void {
    const hadFocus = this.#rows.get(session)?.element.contains(document.activeElement);
    this.#rows.get(session)?.element.remove();
    this.#rows.delete(session);
    if (hadFocus) this.element.querySelector<HTMLElement>('#files')?.focus();
  }

  #waitingRow(upload: Upload): HTMLElement {
    return unfinishedRow(upload, this.#memory.knows(upload.id), {
      chosen: file => this.#begin(file, upload.id),
      discard: async () => {
        await this.#api.abortUpload(upload.id);
        this.#memory.forget(upload.id);
        this.#news.changed();
      },
    });
  }
}
