// A question before something that can't be undone.

import { h } from './dom.ts';

/** True when the person chose `action`. Esc and "Keep" are no. */
export function confirm(question: string, detail: string, action: string): Promise<boolean> {
  const title = h('h2', { id: 'confirm-title' }, question);
  const text = h('p', { id: 'confirm-detail' }, detail);
  const form = h(
    'form',
    { method: 'dialog' },
    title,
    text,
    h(
      'div',
      { class: 'buttons' },
      h('button', { value: 'no', class: 'button' }, 'Keep'),
      h('button', { value: 'yes', class: 'button button--danger' }, action),
    ),
  );
  const dialog = h(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'confirm-title', 'aria-describedby': 'confirm-detail' },
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(resolve => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
