// The page of webhooks: those that there are, and a form for another.

import type { Api } from '../api/client.ts';
import { explain } from '../api/problem.ts';
import type { NewWebhook, Webhook } from '../api/types.ts';
import { announce } from '../ui/announce.ts';
import { fill, h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { webhookForm } from './form.ts';
import { Row } from './row.ts';
import { secretPanel } from './secret.ts';

export class WebhooksView {
  readonly element = h('div', { class: 'webhooks' });
  readonly #api: Api;
  readonly #heading = h('h1', { tabindex: -1 }, 'Webhooks');
  readonly #secret = h('div', { class: 'webhooks__secret' });
  readonly #message = h('p', { class: 'empty' });
  readonly #list = h('ul', { class: 'webhooks__list' });
  /** The webhook whose secret is shown. */
  #secretOf: string | undefined;

  constructor(api: Api, back: () => void) {
    this.#api = api;
    const click = (event: Event) => {
      event.preventDefault();
      back();
    };
    fill(
      this.element,
      h('a', { href: '/', class: 'back', click }, icon('back'), 'All assets'),
      this.#heading,
      h('p', { class: 'facts' }, 'Addresses that are told, by a signed request, what happens to your assets.'),
      this.#secret,
      this.#message,
      this.#list,
    );
  }

  async open(): Promise<void> {
    document.title = 'Webhooks – Millrace';
    this.#heading.focus();
    try {
      for (const webhook of await this.#api.webhooks()) this.#add(webhook);
      this.element.append(webhookForm(webhook => this.#make(webhook)));
      this.#count();
    } catch (error) {
      this.#message.textContent = explain(error);
    }
  }

  #add(webhook: Webhook): void {
    const row = new Row(webhook, {
      enable: enabled => this.#api.changeWebhook(webhook.id, { enabled }),
      renew: async () => {
        const renewed = await this.#api.renewWebhook(webhook.id);
        this.#showSecret(renewed, true);
        return renewed;
      },
      remove: async () => {
        await this.#api.deleteWebhook(webhook.id);
        row.element.remove();
        if (this.#secretOf === webhook.id) fill(this.#secret);
        this.#count();
        this.#heading.focus();
        announce('Webhook deleted.');
      },
    });
    this.#list.append(row.element);
  }

  async #make(wanted: NewWebhook): Promise<void> {
    const made = await this.#api.makeWebhook(wanted);
    this.#add(made);
    this.#count();
    this.#showSecret(made, false);
  }

  #showSecret({ id, url, secret }: Webhook, renewed: boolean): void {
    if (secret === undefined) return;
    this.#secretOf = id;
    const done = () => {
      fill(this.#secret);
      this.#heading.focus();
    };
    const panel = secretPanel(url, secret, renewed, done);
    fill(this.#secret, panel);
    panel.querySelector('h2')?.focus();
  }

  #count(): void {
    this.#message.textContent = this.#list.childElementCount === 0 ? 'There are no webhooks yet.' : '';
  }
}
