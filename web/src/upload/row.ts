// One file on its way, as the page shows it.

import { explain, Problem } from '../api/problem.ts';
import { bytes, timeLeft } from '../format.ts';
import { h } from '../ui/dom.ts';
import { cells } from './plan.ts';
import type { UploadSession } from './session.ts';

const CELLS = 48;

interface Actions {
  resume(): void;
  pause(): void;
  cancel(): void;
}

export class UploadRow {
  readonly element: HTMLElement;
  readonly #session: UploadSession;
  readonly #status = h('p', { class: 'upload__status' });
  readonly #bar: HTMLProgressElement;
  readonly #parts = h('div', { class: 'parts', 'aria-hidden': 'true' });
  readonly #pause: HTMLButtonElement;
  readonly #resume: HTMLButtonElement;
  readonly #cancel: HTMLButtonElement;
  readonly #progress: HTMLElement;
  #drawn = false;

  constructor(session: UploadSession, actions: Actions) {
    const { name } = session.file;
    this.#session = session;
    this.#bar = h('progress', { 'aria-label': `Upload of ${name}`, max: 1, value: 0 });
    this.#pause = button('Pause', name, actions.pause);
    this.#resume = button('Resume', name, actions.resume);
    this.#cancel = button('Cancel', name, actions.cancel);
    this.#progress = h('div', { class: 'upload__progress' }, this.#bar, this.#parts);
    this.element = h(
      'li',
      { class: 'upload' },
      h('div', { class: 'upload__text' }, h('p', { class: 'upload__name' }, name), this.#status),
      h('div', { class: 'buttons' }, this.#pause, this.#resume, this.#cancel),
      this.#progress,
    );
    this.#draw();
  }

  /** Draws once per frame at most: parts report several times as often. */
  refresh(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { phase, file, sentBytes, upload } = this.#session;
    this.element.dataset['phase'] = phase;
    this.#status.textContent = describe(this.#session, navigator.onLine);
    this.#bar.value = file.size > 0 ? sentBytes / file.size : 0;
    this.#bar.textContent = `${Math.floor(this.#bar.value * 100)} %`;
    this.#progress.hidden = upload === undefined;
    swap(this.#pause, this.#resume, phase === 'paused' || phase === 'failed');
    this.#resume.hidden ||= isFinal(this.#session.problem);
    this.#resume.firstChild!.textContent = phase === 'failed' ? 'Try again' : 'Resume';
    this.#cancel.firstChild!.textContent = phase === 'failed' ? 'Remove' : 'Cancel';
    this.#drawParts();
  }

  #drawParts(): void {
    const { upload } = this.#session;
    if (!upload) return;
    const fills = cells(upload, number => this.#session.fill(number), CELLS);
    while (this.#parts.childElementCount < fills.length) this.#parts.append(h('i'));
    fills.forEach((share, index) => {
      const cell = this.#parts.children[index] as HTMLElement;
      cell.style.setProperty('--fill', String(share));
    });
  }
}

/** What is happening to the file, in one line. */
function describe(session: UploadSession, online: boolean): string {
  const { phase, file, sentBytes } = session;
  const amount = `${bytes(sentBytes)} of ${bytes(file.size)}`;
  if (session.active && !online) return `${amount} · waiting for the network`;
  switch (phase) {
    case 'waiting':
      return `${bytes(file.size)} · waiting for its turn`;
    case 'starting':
      return `${bytes(file.size)} · starting`;
    case 'sending':
      return [amount, ...pace(session)].join(' · ');
    case 'finishing':
      return `${bytes(file.size)} · checking that everything arrived`;
    case 'paused':
      return `${amount} · paused`;
    case 'failed':
      return explain(session.problem);
    case 'done':
      return 'Uploaded';
    case 'cancelled':
      return 'Cancelled';
  }
}

/** What the server says of the file itself: too large, empty, of another type. */
function isFinal(problem: unknown): boolean {
  return problem instanceof Problem && [400, 413, 415].includes(problem.status);
}

function pace({ bytesPerSecond, remainingMs }: UploadSession): string[] {
  if (!bytesPerSecond || remainingMs === undefined) return [];
  return [`${bytes(bytesPerSecond)}/s`, timeLeft(remainingMs)];
}

function button(words: string, file: string, click: () => void): HTMLButtonElement {
  return h('button', { type: 'button', class: 'button button--small', click }, words, hidden(` ${file}`));
}

function hidden(words: string): HTMLElement {
  return h('span', { class: 'visually-hidden' }, words);
}

/** Shows one of two buttons, and keeps the focus where it was. */
function swap(first: HTMLButtonElement, second: HTMLButtonElement, useSecond: boolean): void {
  const [shown, gone] = useSecond ? [second, first] : [first, second];
  const hadFocus = document.activeElement === gone;
  shown.hidden = false;
  gone.hidden = true;
  if (hadFocus) shown.focus();
}
