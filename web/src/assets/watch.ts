// The page of one asset: player or state, and for its owner the details.

import type { Api } from '../api/client.ts';
import { explain, Problem } from '../api/problem.ts';
import type { Asset } from '../api/types.ts';
import { Player } from '../player/player.ts';
import { fill, h } from '../ui/dom.ts';
import { icon } from '../ui/icons.ts';
import { failure, progressBar } from './card.ts';
import { describeMedia, describeState } from './describe.ts';
import { Details } from './details.ts';

interface Actions {
  back(): void;
  retry(asset: Asset): void;
  /** Hears the owner's asset whenever it was read or changed here. */
  heard(asset: Asset): void;
  /** The asset is deleted. */
  removed(asset: Asset): void;
}

export class Watch {
  readonly element = h('article', { class: 'watch' });
  readonly #api: Api;
  readonly #actions: Actions;
  readonly #heading = h('h1', { tabindex: -1 });
  readonly #facts = h('p', { class: 'facts' });
  readonly #stage = h('div', { class: 'watch__stage' });
  readonly #state = h('div', { class: 'watch__state' });
  #of: 'own' | 'public' = 'own';
  #player: Player | undefined;
  #details: Details | undefined;
  #closed = false;

  constructor(api: Api, actions: Actions) {
    this.#api = api;
    this.#actions = actions;
    const back = (event: Event) => {
      event.preventDefault();
      actions.back();
    };
    const link = h('a', { href: '/', class: 'back', click: back }, icon('back'), 'All assets');
    const main = h('div', { class: 'watch__main' }, this.#stage, this.#heading, this.#facts, this.#state);
    fill(this.element, link, main);
  }

  /** Reads the asset: the person's own, or somebody else's that is public or unlisted. */
  async open(id: string, signedIn: boolean): Promise<void> {
    try {
      const asset = await this.#read(id, signedIn);
      if (this.#closed) return;
      this.show(asset);
      if (this.#of === 'own') this.#actions.heard(asset);
    } catch (error) {
      this.#heading.textContent = 'This can’t be shown';
      this.#facts.textContent = signedIn ? explain(error) : `${explain(error)} Sign in if it is yours.`;
    }
    this.#heading.focus();
  }

  show(asset: Asset): void {
    document.title = `${asset.title} – Millrace`;
    this.#heading.textContent = asset.title;
    this.#facts.textContent = describeMedia(asset);
    if (asset.state === 'ready') this.#play(asset);
    else if (!this.#player) fill(this.#stage, placeholder(asset));
    this.#showState(asset);
    if (this.#of === 'own') this.#showDetails(asset);
  }

  close(): void {
    this.#closed = true;
    this.#player?.destroy();
  }

  async #read(id: string, signedIn: boolean): Promise<Asset> {
    if (signedIn) {
      try {
        return await this.#api.asset(id);
      } catch (error) {
        if (!(error instanceof Problem && error.status === 404)) throw error;
      }
    }
    this.#of = 'public';
    return this.#api.publicAsset(id);
  }

  #play(asset: Asset): void {
    if (this.#player) return;
    this.#player = new Player(asset, () => this.#api.playback(this.#of, asset.id));
    fill(this.#stage, this.#player.element);
  }

  #showState(asset: Asset): void {
    // What is replaced here may have the focus: the button that tries again.
    if (this.#state.contains(document.activeElement)) this.#heading.focus();
    const quiet = asset.state === 'ready' && !asset.error;
    if (quiet || this.#of === 'public') {
      fill(this.#state);
      return;
    }
    fill(
      this.#state,
      h('p', { class: 'state', 'data-state': asset.state }, h('span', { class: 'state__mark' }), describeState(asset)),
      asset.state === 'processing' && progressBar(asset),
      failure(asset, () => this.#actions.retry(asset)),
    );
  }

  #showDetails(asset: Asset): void {
    if (this.#details) {
      this.#details.show(asset);
      return;
    }
    this.#details = new Details(asset, {
      change: async change => {
        const changed = await this.#api.changeAsset(asset.id, change);
        this.#actions.heard(changed);
        return changed;
      },
      remove: async () => this.#actions.removed(await this.#api.deleteAsset(asset.id)),
    });
    this.element.append(this.#details.element);
  }
}

/** Stands where the player will be. */
function placeholder(asset: Asset): HTMLElement {
  return h('div', { class: 'watch__empty' }, icon(asset.kind === 'audio' ? 'note' : 'film'));
}
