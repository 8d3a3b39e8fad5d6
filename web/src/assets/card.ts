// One asset in the library.

import type { Asset } from '../api/types.ts';
import { sentence } from '../api/problem.ts';
import { clock } from '../format.ts';
import { h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { canRetry, describeState } from './describe.ts';

interface Actions {
  open(asset: Asset): void;
  retry(asset: Asset): void;
}

/** `owned`: show what only its owner needs to know. */
export function card(asset: Asset, owned: boolean, actions: Actions): HTMLElement {
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    actions.open(asset);
  };
  const link = h('a', { href: `/?asset=${asset.id}`, class: 'card__link', click: open }, asset.title);
  return h(
    'li',
    { class: 'card', 'data-asset': asset.id, 'data-state': asset.state },
    picture(asset),
    h('h3', { class: 'card__title' }, link),
    owned && stateLine(asset),
    asset.state === 'processing' && progressBar(asset),
    owned && asset.error && failure(asset, () => actions.retry(asset)),
  );
}

function picture(asset: Asset): HTMLElement {
  const frame = h('div', { class: 'card__picture' }, icon(asset.kind === 'audio' ? 'note' : 'film'));
  if (asset.poster) {
    const image = h('img', { src: asset.poster, alt: '', loading: 'lazy', error: () => image.remove() });
    frame.append(image);
  }
  if (asset.duration_ms !== undefined) {
    frame.append(h('span', { class: 'card__duration' }, clock(asset.duration_ms / 1000)));
  }
  return frame;
}

function stateLine(asset: Asset): HTMLElement {
  const visibility = asset.visibility === 'private' ? undefined : ` · ${asset.visibility}`;
  return h('p', { class: 'state' }, h('span', { class: 'state__mark' }), describeState(asset), visibility);
}

export function progressBar(asset: Asset): HTMLElement {
  const percent = asset.progress?.percent ?? 0;
  return h('progress', { max: 100, value: percent, 'aria-label': `Progress of ${asset.title}` });
}

/** What went wrong and what to do. */
export function failure(asset: Asset, retry: () => void): HTMLElement | undefined {
  const { error } = asset;
  if (!error) return undefined;
  const again = h('button', { type: 'button', class: 'button button--small', click: retry }, 'Try again');
  again.append(h('span', { class: 'visually-hidden' }, `: ${asset.title}`));
  return h(
    'div',
    { class: 'failure' },
    h('p', {}, sentence(error.message)),
    h('p', {}, sentence(error.advice)),
    h('p', { class: 'failure__code' }, error.code),
    canRetry(asset) && again,
  );
}
