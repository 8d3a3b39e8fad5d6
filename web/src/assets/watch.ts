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

/** How often it is asked whether captions are in the stream. */
const CAPTIONS_MS = 1000;

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
  /** Looks for captions until the stream has them. */
  #looking: ReturnType<typeof setTimeout> | undefined;

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
    clearTimeout(this.#looking);
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
      addCaption: async (file, language, kind) => {
        await this.#api.addCaption(asset.id, file, language, kind);
        await this.#awaitCaptions(asset.id);
      },
      dropCaption: async caption => {
        await this.#api.dropCaption(asset.id, caption);
        await this.#awaitCaptions(asset.id);
      },
      remove: async () => this.#actions.removed(await this.#api.deleteAsset(asset.id)),
    });
    this.element.append(this.#details.element);
  }

  /** Shows the captions as they are now; the player gets them when they are in the stream. */
  async #awaitCaptions(id: string): Promise<void> {
    clearTimeout(this.#looking);
    const asset = await this.#api.asset(id);
    if (this.#closed) return;
    this.show(asset);
    this.#actions.heard(asset);
    if (asset.state !== 'ready') return;
    if (asset.captions?.every(caption => caption.playable)) void this.#player?.renew();
    else this.#looking = setTimeout(() => void this.#awaitCaptions(id).catch(() => undefined), CAPTIONS_MS);
  }
}

/** Stands where the player will be. */
function placeholder(asset: Asset): HTMLElement {
  return h('div', { class: 'watch__empty' }, icon(asset.kind === 'audio' ? 'note' : 'film'));
}
