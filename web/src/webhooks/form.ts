// The form that makes a webhook.

import { explain } from '../api/problem.ts';
import type { EventType, NewWebhook } from '../api/types.ts';
import { h } from '../ui/dom.ts';
import { EVENTS } from './describe.ts';

const NAMES = Object.keys(EVENTS) as EventType[];

/** Calls `make` with what was typed; the form is empty again when that succeeds. */
export function webhookForm(make: (webhook: NewWebhook) => Promise<void>): HTMLElement {
  const message = h('p', { class: 'message', role: 'alert' });
  const address = h('input', {
    id: 'webhook-url', name: 'url', type: 'url', required: true, maxlength: 2000, placeholder: 'https://', autocomplete: 'off',
  });
  const boxes = NAMES.map(value => h('input', { type: 'checkbox', name: 'event', value, checked: true }));
  let busy = false;
  const send = async () => {
    const events = NAMES.filter((_, index) => boxes[index]?.checked);
    message.textContent = events.length === 0 ? 'Choose at least one event.' : '';
    if (events.length === 0 || busy) return;
    const all = events.length === NAMES.length;
    busy = true;
    try {
      await make({ url: address.value.trim(), ...(!all && { events }) });
      form.reset();
    } catch (error) {
      message.textContent = explain(error);
    }
    busy = false;
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void send();
  };
  const form = h(
    'form',
    { class: 'panel', 'aria-labelledby': 'webhook-new', submit },
    h('h2', { id: 'webhook-new' }, 'New webhook'),
    h('div', { class: 'field' }, h('label', { for: address.id }, 'Address'), address),
    h('fieldset', { class: 'choices' }, h('legend', {}, 'Events'), ...NAMES.map((name, index) => choice(name, boxes[index]!))),
    message,
    h('button', { class: 'button button--main webhook__add' }, 'Add webhook'),
  );
  return form;
}

function choice(name: EventType, box: HTMLInputElement): HTMLElement {
  return h('label', { class: 'choice' }, box, h('span', {}, name, h('small', {}, EVENTS[name])));
}
