// The list of assets: search, cards, more.

import type { Api } from '../api/client.ts';
import { explain } from '../api/problem.ts';
import type { Asset } from '../api/types.ts';
import { counted } from '../format.ts';
import { announce } from '../ui/announce.ts';
import { fill, h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { card } from './card.ts';

const TYPING_MS = 250;

interface Actions {
  open(asset: Asset): void;
  retry(asset: Asset): void;
  /** Hears every asset that was listed. */
  listed(asset: Asset): void;
}

export class Library {
  readonly element: HTMLElement;
  readonly #api: Api;
  readonly #of: 'own' | 'public';
  readonly #actions: Actions;
  readonly #grid = h('ul', { class: 'grid' });
  readonly #empty = h('p', { class: 'empty', hidden: true });
  readonly #more: HTMLButtonElement;
  #words = '';
  #next: string | undefined;
  /** When the first of the list was created. */
  #newest = '';
  /** Counts listings, so that an answer to an older question is dropped. */
  #listing = 0;

  constructor(api: Api, of: 'own' | 'public', actions: Actions) {
    this.#api = api;
    this.#of = of;
    this.#actions = actions;
    this.#more = h(
      'button',
      { type: 'button', class: 'button', hidden: true, click: () => void this.#list(this.#next) },
      'Load more',
    );
    const title = of === 'own' ? 'Your library' : 'Public';
    this.element = h(
      'section',
      { 'aria-labelledby': 'library-title', class: 'library' },
      h('div', { class: 'library__head' }, h('h2', { id: 'library-title' }, title), this.#searchBox()),
      this.#empty,
      this.#grid,
      this.#more,
    );
  }

  /** Lists from the beginning. */
  load(): Promise<void> {
    return this.#list(undefined);
  }

  /** Shows an asset as it is now; one that is newer than all others comes first. */
  show(asset: Asset): void {
    const old = this.#cardOf(asset.id);
    if (!old && (this.#words !== '' || asset.created_at < this.#newest)) return;
    const fresh = this.#card(asset);
    const focused = old ? focusWithin(old) : undefined;
    if (old) old.replaceWith(fresh);
    else this.#grid.prepend(fresh);
    if (focused !== undefined) refocus(fresh, focused);
    this.#empty.hidden = true;
  }

  remove(id: string): void {
    this.#cardOf(id)?.remove();
    this.#tellEmpty();
  }

  #searchBox(): HTMLElement {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const input = h('input', {
      type: 'search',
      'aria-label': 'Search by title, file or tag',
      placeholder: 'Search',
      input: () => {
        clearTimeout(timer);
        timer = setTimeout(() => void this.#search(input.value), TYPING_MS);
      },
    });
    const submit = (event: Event) => {
      event.preventDefault();
      clearTimeout(timer);
      void this.#search(input.value);
    };
    return h('form', { role: 'search', class: 'search', submit }, icon('search'), input);
  }

  async #search(words: string): Promise<void> {
    this.#words = words.trim();
    await this.load();
    if (this.#words) announce(`${counted(this.#grid.childElementCount, 'result')}.`);
  }

  async #list(cursor: string | undefined): Promise<void> {
    this.#listing += 1;
    const listing = this.#listing;
    try {
      const page = await this.#api.assets(this.#of, this.#words, cursor);
      if (listing !== this.#listing) return;
      this.#next = page.next;
      if (cursor === undefined) this.#newest = page.assets[0]?.created_at ?? '';
      this.#render(page.assets, cursor !== undefined);
    } catch (error) {
      this.#empty.textContent = explain(error);
      this.#empty.hidden = false;
    }
  }

  #render(assets: Asset[], append: boolean): void {
    const cards = assets.map(asset => this.#card(asset));
    if (append) this.#grid.append(...cards);
    else fill(this.#grid, ...cards);
    for (const asset of assets) this.#actions.listed(asset);
    this.#more.hidden = this.#next === undefined;
    // The button may be gone now; the keyboard goes on with what it brought.
    if (append) cards[0]?.querySelector('a')?.focus();
    this.#tellEmpty();
  }

  #tellEmpty(): void {
    this.#empty.hidden = this.#grid.childElementCount > 0;
    this.#empty.textContent = this.#emptyWords();
  }

  #emptyWords(): string {
    if (this.#words) return `Nothing has “${this.#words}” in its title, file name or tags.`;
    return this.#of === 'own' ? 'Nothing here yet. Upload a file to begin.' : 'Nothing is public yet.';
  }

  #card(asset: Asset): HTMLElement {
    return card(asset, this.#of === 'own', this.#actions);
  }

  #cardOf(id: string): Element | undefined {
    return [...this.#grid.children].find(child => (child as HTMLElement).dataset['asset'] === id);
  }
}

/** Which of the card's controls has the focus. */
function focusWithin(element: Element): number | undefined {
  const index = controls(element).indexOf(document.activeElement as HTMLElement);
  return index < 0 ? undefined : index;
}

function refocus(element: Element, index: number): void {
  const all = controls(element);
  (all[index] ?? all[0])?.focus();
}

function controls(element: Element): HTMLElement[] {
  return [...element.querySelectorAll<HTMLElement>('a, button')];
}
