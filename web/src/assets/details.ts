// What the owner may change about an asset.

import { explain } from '../api/problem.ts';
import type { Asset, AssetChange, Caption, CaptionKind, Rendition, Visibility } from '../api/types.ts';
import { bitRate } from '../format.ts';
import { announce } from '../ui/announce.ts';
import { confirm } from '../ui/confirm.ts';
import { fill, h } from '../ui/dom.ts';
import { Captions } from './captions.ts';
import { parseTags } from './describe.ts';

const VISIBILITIES: Record<Visibility, string> = {
  private: 'Private: only you',
  unlisted: 'Unlisted: by the link',
  public: 'Public: everybody',
};

interface Actions {
  change(change: AssetChange): Promise<Asset>;
  remove(): Promise<void>;
  addCaption(file: File, language: string, kind: CaptionKind): Promise<void>;
  dropCaption(caption: Caption): Promise<void>;
}

export class Details {
  readonly element = h('section', { class: 'details panel', 'aria-labelledby': 'details-title' });
  readonly #actions: Actions;
  readonly #message = h('p', { class: 'message', role: 'alert' });
  readonly #captions: Captions;
  #asset: Asset;

  constructor(asset: Asset, actions: Actions) {
    this.#asset = asset;
    this.#actions = actions;
    this.#captions = new Captions({ add: actions.addCaption, drop: actions.dropCaption });
    this.#draw();
  }

  /** Shows the asset as it is now, but never below somebody's typing. */
  show(asset: Asset): void {
    this.#asset = asset;
    this.#captions.show(asset.captions ?? []);
    if (!this.element.contains(document.activeElement)) this.#draw();
  }

  #draw(): void {
    this.#captions.show(this.#asset.captions ?? []);
    fill(
      this.element,
      h('h2', { id: 'details-title' }, 'Details'),
      this.#title(),
      this.#visibility(),
      this.#tags(),
      this.#message,
      this.#captions.element,
      renditions(this.#asset.renditions ?? []),
      this.#deleteButton(),
    );
  }

  #title(): HTMLElement {
    const input = h('input', { id: 'title', name: 'title', maxlength: 200, required: true, value: this.#asset.title });
    return this.#form('Title', input, () => ({ title: input.value.trim() }));
  }

  #tags(): HTMLElement {
    const input = h('input', { id: 'tags', name: 'tags', value: this.#asset.tags.join(', ') });
    return this.#form('Tags, with commas', input, () => ({ tags: parseTags(input.value) }));
  }

  #form(label: string, input: HTMLInputElement, change: () => AssetChange): HTMLElement {
    const submit = (event: Event) => {
      event.preventDefault();
      void this.#apply(change(), `${input.name === 'title' ? 'Title' : 'Tags'} saved.`);
    };
    const save = h('button', { class: 'button button--small' }, 'Save');
    save.append(h('span', { class: 'visually-hidden' }, ` ${input.name}`));
    return h(
      'form',
      { class: 'field', submit },
      h('label', { for: input.id }, label),
      h('div', { class: 'field__row' }, input, save),
    );
  }

  #visibility(): HTMLElement {
    const options = Object.entries(VISIBILITIES).map(([value, words]) =>
      h('option', { value, selected: value === this.#asset.visibility }, words),
    );
    const copy = this.#copyButton();
    const change = async () => {
      await this.#apply({ visibility: select.value as Visibility }, 'Visibility saved.');
      select.value = this.#asset.visibility;
      copy.hidden = this.#asset.visibility === 'private';
    };
    const select = h('select', { id: 'visibility', change }, ...options);
    return h(
      'div',
      { class: 'field' },
      h('label', { for: 'visibility' }, 'Who may watch'),
      select,
      copy,
    );
  }

  #copyButton(): HTMLButtonElement {
    const click = async () => {
      const link = `${location.origin}/?asset=${this.#asset.id}`;
      try {
        await navigator.clipboard.writeText(link);
        this.#say('Link copied.');
      } catch {
        this.#say(`The browser did not copy. The link is ${link}`);
      }
    };
    const hidden = this.#asset.visibility === 'private';
    return h('button', { type: 'button', class: 'button button--small', hidden, click }, 'Copy link');
  }

  #deleteButton(): HTMLElement {
    const click = async () => {
      const { title } = this.#asset;
      if (!(await confirm(`Delete “${title}”?`, 'The file and its stream are deleted for good.', 'Delete'))) return;
      await this.#actions.remove().catch((error: unknown) => this.#say(explain(error)));
    };
    return h('button', { type: 'button', class: 'button button--danger', click }, 'Delete');
  }

  async #apply(change: AssetChange, done: string): Promise<void> {
    this.#message.textContent = '';
    try {
      this.#asset = await this.#actions.change(change);
      announce(done);
    } catch (error) {
      this.#say(explain(error));
    }
  }

  #say(words: string): void {
    this.#message.textContent = words;
  }
}

function renditions(all: Rendition[]): HTMLElement | undefined {
  if (all.length === 0) return undefined;
  const rows = all.map(({ id, codec, bits_per_second }) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, id),
      h('td', {}, codec),
      h('td', { class: 'number' }, bitRate(bits_per_second)),
    ),
  );
  return h(
    'table',
    { class: 'renditions' },
    h('caption', {}, 'Renditions'),
    h('tbody', {}, ...rows),
  );
}
