// The captions of an asset, and a form for one more.

import { explain } from '../api/problem.ts';
import type { Caption, CaptionKind } from '../api/types.ts';
import { announce } from '../ui/announce.ts';
import { fill, h } from '../ui/dom.ts';
import { guessLanguage, languageName, LANGUAGES } from './languages.ts';

const KINDS: Record<CaptionKind, string> = {
  subtitles: 'Subtitles',
  captions: 'For the deaf and hard of hearing',
  forced: 'Forced: always shown',
};

interface Actions {
  add(file: File, language: string, kind: CaptionKind): Promise<void>;
  drop(caption: Caption): Promise<void>;
}

export class Captions {
  readonly element = h('section', { class: 'captions', 'aria-labelledby': 'captions-title' });
  readonly #actions: Actions;
  readonly #list = h('ul', { class: 'captions__list' });
  readonly #message = h('p', { class: 'message', role: 'alert' });
  #shown = '';

  constructor(actions: Actions) {
    this.#actions = actions;
    fill(this.element, h('h3', { id: 'captions-title', tabindex: -1 }, 'Captions'), this.#list, this.#form(), this.#message);
  }

  show(captions: Caption[]): void {
    const text = JSON.stringify(captions);
    // Who is about to press a button keeps it.
    if (text === this.#shown) return;
    this.#shown = text;
    fill(this.#list, ...captions.map(caption => this.#row(caption)));
    this.#list.hidden = captions.length === 0;
  }

  #row(caption: Caption): HTMLElement {
    const name = nameOf(caption);
    const state = caption.playable ? '' : 'On its way to the stream';
    const click = async () => {
      const done = await this.#try(() => this.#actions.drop(caption), `${name} removed.`);
      if (done) this.element.querySelector('h3')?.focus();
    };
    return h(
      'li',
      { class: 'captions__row' },
      h('span', { class: 'captions__name' }, name, state && h('span', { class: 'captions__state' }, state)),
      h('button', { type: 'button', class: 'button button--small', 'aria-label': `Remove ${name}`, click }, 'Remove'),
    );
  }

  #form(): HTMLElement {
    const options = LANGUAGES.map(tag => h('option', { value: tag }, languageName(tag)));
    const language = h('select', { id: 'caption-language', name: 'language' }, ...options);
    language.value = guessLanguage('', navigator.language.split('-')[0] ?? '');
    const kinds = Object.entries(KINDS).map(([value, words]) => h('option', { value }, words));
    const kind = h('select', { id: 'caption-kind', name: 'kind' }, ...kinds);
    const file = h('input', { id: 'caption-file', type: 'file', accept: '.vtt,.srt,text/vtt,application/x-subrip', required: true });
    file.addEventListener('change', () => {
      language.value = guessLanguage(file.files?.[0]?.name ?? '', language.value);
    });
    const submit = async (event: Event) => {
      event.preventDefault();
      const chosen = file.files?.[0];
      if (!chosen) return;
      const add = () => this.#actions.add(chosen, language.value, kind.value as CaptionKind);
      if (await this.#try(add, `${languageName(language.value)} added.`)) file.value = '';
    };
    return h(
      'form',
      { class: 'captions__form', submit },
      field('Caption file (WebVTT or SRT)', file),
      field('Language', language),
      field('Kind', kind),
      h('button', { class: 'button button--small' }, 'Add captions'),
    );
  }

  async #try(act: () => Promise<void>, done: string): Promise<boolean> {
    this.#message.textContent = '';
    try {
      await act();
      announce(done);
      return true;
    } catch (error) {
      this.#message.textContent = explain(error);
      return false;
    }
  }
}

function field(label: string, control: HTMLElement): HTMLElement {
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control);
}

function nameOf({ language, kind, name }: Caption): string {
  const known = name ?? languageName(language);
  return kind === 'subtitles' ? known : `${known}, ${kind === 'captions' ? 'for the deaf and hard of hearing' : 'forced'}`;
}
