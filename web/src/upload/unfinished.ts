// An upload that the server has begun and that has no file in this page.

import { explain } from '../api/problem.ts';
import type { Upload } from '../api/types.ts';
import { bytes } from '../format.ts';
import { h } from '../ui/dom.ts';

interface Actions {
  /** A file of the same name and size. */
  chosen(file: File): void;
  discard(): Promise<void>;
}

/** `begunHere`: dropping the same file anywhere goes on with it. */
export function unfinishedRow(upload: Upload, begunHere: boolean, actions: Actions): HTMLElement {
  const status = h(
    'p',
    { class: 'upload__status' },
    `${bytes(upload.size)} · ${begunHere ? 'drop the same file again to go on' : 'choose the same file to go on'}`,
  );
  const inputId = `file-${upload.id}`;
  const input = h('input', {
    type: 'file',
    id: inputId,
    class: 'visually-hidden',
    change: () => {
      const file = input.files?.[0];
      input.value = '';
      if (!file) return;
      if (file.name === upload.name && file.size === upload.size) {
        row.remove();
        actions.chosen(file);
      } else {
        status.textContent = `This is another file. Choose ${upload.name} of ${bytes(upload.size)}.`;
      }
    },
  });
  const discard = async () => {
    try {
      await actions.discard();
      row.remove();
    } catch (error) {
      status.textContent = explain(error);
    }
  };
  const file = h('span', { class: 'visually-hidden' }, ` ${upload.name}`);
  const row = h(
    'li',
    { class: 'upload upload--unfinished', 'data-upload': upload.id },
    h('div', { class: 'upload__text' }, h('p', { class: 'upload__name' }, upload.name), status),
    h(
      'div',
      { class: 'buttons' },
      input,
      h('label', { for: inputId, class: 'button button--small' }, 'Choose file', file),
      h('button', { type: 'button', class: 'button button--small', click: discard }, 'Discard', file.cloneNode(true)),
    ),
  );
  return row;
}
