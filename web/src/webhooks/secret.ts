// A secret, which is shown this once.

import { h } from '../ui/dom.ts';

const WHAT_FOR = 'The receiver verifies with it that deliveries come from here. It is shown only now: put it in place before you leave.';
const UNTIL_THEN = 'For 24 hours deliveries are signed with the one before, too.';

/** `renewed`: there was one before. `done` closes it. */
export function secretPanel(url: string, secret: string, renewed: boolean, done: () => void): HTMLElement {
  const message = h('p', { class: 'message', role: 'status' });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      message.textContent = 'Copied.';
    } catch {
      message.textContent = 'The browser did not copy. Select the secret and copy it.';
    }
  };
  return h(
    'section',
    { class: 'panel secret', 'aria-labelledby': 'secret-title' },
    h('h2', { id: 'secret-title', tabindex: -1 }, renewed ? 'The new secret' : 'The secret'),
    h('p', { class: 'facts' }, `of ${url}`),
    h('code', { class: 'secret__text' }, secret),
    h('p', {}, renewed ? `${WHAT_FOR} ${UNTIL_THEN}` : WHAT_FOR),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', class: 'button button--main', click: () => void copy() }, 'Copy secret'),
      h('button', { type: 'button', class: 'button', click: done }, 'Done'),
    ),
    message,
  );
}
