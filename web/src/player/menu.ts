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
    // New elements would take the focus from who is choosing.
    if (this.#items.length === choices.length) this.#rename(choices);
    else this.#fill(choices);
    this.#check(chosen);
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

  #fill(choices: readonly Choice[]): void {
    const items = choices.map(() => {
      const item = h('button', { type: 'button', role: 'menuitemradio', tabindex: -1 });
      item.addEventListener('click', () => {
        this.close();
        this.#choose(Number(item.dataset['index']));
      });
      return item;
    });
    fill(this.#list, ...items);
    this.#rename(choices);
  }

  #rename(choices: readonly Choice[]): void {
    this.#items.forEach((item, at) => {
      const { index, label } = choices[at]!;
      item.dataset['index'] = String(index);
      item.textContent = label;
    });
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
