// A button with a menu of choices, after the ARIA pattern of a menu button.

import { fill, h } from '../ui/dom.ts';
import { icon, type IconName } from '../ui/icons.ts';
import type { Choice } from './choices.ts';

export class Menu {
  readonly element: HTMLElement;
  readonly #label: string;
  readonly #choose: (index: number) => void;
  readonly #button: HTMLButtonElement;
  readonly #value = h('span', { class: 'menu__value' });
  readonly #list: HTMLElement;

  constructor(name: IconName, label: string, choose: (index: number) => void) {
    this.#label = label;
    this.#choose = choose;
    this.#list = h('div', { role: 'menu', 'aria-label': label, class: 'menu__list', hidden: true });
    this.#button = h(
      'button',
      { type: 'button', class: 'control', 'aria-haspopup': 'menu', 'aria-expanded': 'false', title: label },
      icon(name),
      this.#value,
    );
    this.#button.addEventListener('click', () => (this.isOpen ? this.close() : this.#open()));
    this.element = h('div', { class: 'menu', hidden: true }, this.#button, this.#list);
    this.element.addEventListener('keydown', event => this.#onKey(event));
    this.element.addEventListener('focusout', event => {
      if (!this.element.contains(event.relatedTarget as Node | null)) this.close(false);
    });
  }

  get isOpen(): boolean {
    return !this.#list.hidden;
  }

  /** Shows these choices; a menu of one choice is no menu. `value` stands on the button. */
  show(choices: readonly Choice[], chosen: number, value: string): void {
    this.element.hidden = choices.length < 2;
    this.#value.textContent = value;
    this.#button.setAttribute('aria-label', value ? `${this.#label}: ${value}` : this.#label);
    if (this.isOpen && this.#same(choices)) this.#check(chosen);
    else this.#fill(choices, chosen);
  }

  close(refocus = true): void {
    if (!this.isOpen) return;
    this.#list.hidden = true;
    this.#button.setAttribute('aria-expanded', 'false');
    if (refocus) this.#button.focus();
  }

  #open(): void {
    this.#list.hidden = false;
    this.#button.setAttribute('aria-expanded', 'true');
    (this.#items.find(item => item.ariaChecked === 'true') ?? this.#items[0])?.focus();
  }

  get #items(): HTMLElement[] {
    return [...this.#list.children] as HTMLElement[];
  }

  #fill(choices: readonly Choice[], chosen: number): void {
    const items = choices.map(({ index, label }) => {
      const click = () => {
        this.close();
        this.#choose(index);
      };
      return h('button', { type: 'button', role: 'menuitemradio', tabindex: -1, 'data-index': index, click }, label);
    });
    fill(this.#list, ...items);
    this.#check(chosen);
  }

  #same(choices: readonly Choice[]): boolean {
    const items = this.#items;
    return items.length === choices.length && choices.every(({ label }, at) => items[at]?.textContent === label);
  }

  #check(chosen: number): void {
    for (const item of this.#items) item.ariaChecked = String(Number(item.dataset['index']) === chosen);
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.isOpen) return;
    const items = this.#items;
    const at = items.indexOf(document.activeElement as HTMLElement);
    const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 };
    const target = targets[event.key];
    if (target !== undefined) items.at(target % items.length)?.focus();
    else if (event.key === 'Escape') this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
