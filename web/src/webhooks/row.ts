// One webhook: how it stands, its last delivery, and what its owner can do.

import { explain } from '../api/problem.ts';
import type { Webhook } from '../api/types.ts';
import { moment } from '../format.ts';
import { announce } from '../ui/announce.ts';
import { confirm } from '../ui/confirm.ts';
import { fill, h } from '../ui/dom.ts';
import { describeEvents, describeFailure } from './describe.ts';

interface Actions {
  enable(enabled: boolean): Promise<Webhook>;
  /** The webhook, with a new secret. */
  renew(): Promise<Webhook>;
  remove(): Promise<void>;
}

export class Row {
  readonly element = h('li', { class: 'webhook panel' });
  readonly #actions: Actions;
  readonly #message = h('p', { class: 'message', role: 'alert' });
  #webhook: Webhook;
  /** A second renewal at once would end the secret in use. */
  #busy = false;

  constructor(webhook: Webhook, actions: Actions) {
    this.#webhook = webhook;
    this.#actions = actions;
    this.#draw();
  }

  #show(webhook: Webhook): void {
    this.#webhook = webhook;
    this.#draw();
  }

  #draw(): void {
    const focused = document.activeElement;
    const action = focused && this.element.contains(focused) ? focused.getAttribute('data-action') : null;
    const { url, enabled, events, old_secret_until: until } = this.#webhook;
    fill(
      this.element,
      h('h2', { class: 'webhook__url' }, url),
      h(
        'p',
        { class: 'state', 'data-state': enabled ? 'ready' : 'paused' },
        h('span', { class: 'state__mark' }),
        enabled ? 'Active' : 'Paused',
      ),
      h('p', { class: 'facts' }, describeEvents(events)),
      this.#lastDelivery(),
      until !== undefined && h('p', { class: 'facts' }, 'The secret before this one holds until ', time(until), '.'),
      this.#buttons(),
      this.#message,
    );
    // What had the focus was drawn anew.
    if (action) this.element.querySelector<HTMLElement>(`[data-action="${action}"]`)?.focus();
  }

  #lastDelivery(): HTMLElement {
    const last = this.#webhook.last_delivery;
    if (!last) return h('p', { class: 'facts' }, 'Nothing was sent yet.');
    const what = [`${last.type}, `, time(last.time)];
    if (last.delivered) return h('p', { class: 'facts' }, 'Last delivery: ', ...what, ', taken.');
    return h(
      'div',
      { class: 'failure' },
      h('p', {}, 'Last delivery failed: ', ...what),
      h('p', {}, describeFailure(this.#webhook, last)),
    );
  }

  #buttons(): HTMLElement {
    const { enabled } = this.#webhook;
    return h(
      'div',
      { class: 'buttons' },
      this.#button('toggle', enabled ? 'Pause' : 'Resume', () => this.#toggle()),
      this.#button('renew', 'Renew secret', () => this.#renew()),
      this.#button('delete', 'Delete', () => this.#remove(), 'button--danger'),
    );
  }

  #button(action: string, words: string, act: () => Promise<void>, kind = ''): HTMLElement {
    const click = async () => {
      if (this.#busy) return;
      this.#busy = true;
      this.#message.textContent = '';
      await act().catch((error: unknown) => {
        this.#message.textContent = explain(error);
      });
      this.#busy = false;
    };
    const button = h(
      'button',
      { type: 'button', class: `button button--small ${kind}`, 'data-action': action, click: () => void click() },
      words,
    );
    button.append(h('span', { class: 'visually-hidden' }, ` ${this.#webhook.url}`));
    return button;
  }

  async #toggle(): Promise<void> {
    const changed = await this.#actions.enable(!this.#webhook.enabled);
    this.#show(changed);
    announce(changed.enabled ? 'Resumed.' : 'Paused. What happens meanwhile is not told later.');
  }

  async #renew(): Promise<void> {
    const detail = 'The secret before this one ends at once. The receiver should know the present one by now.';
    const renewed = this.#webhook.old_secret_until !== undefined;
    if (renewed && !(await confirm('Renew the secret again?', detail, 'Renew'))) return;
    this.#show(await this.#actions.renew());
  }

  async #remove(): Promise<void> {
    const detail = `Nothing is sent to ${this.#webhook.url} any more.`;
    if (await confirm('Delete this webhook?', detail, 'Delete')) await this.#actions.remove();
  }
}

function time(at: string): HTMLElement {
  return h('time', { datetime: at }, moment(at));
}
