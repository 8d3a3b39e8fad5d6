// The views, and what they have in common: the session, and the news of assets.

import { Api } from './api/client.ts';
import { explain, Problem } from './api/problem.ts';
import type { Asset } from './api/types.ts';
import { describeNews } from './assets/describe.ts';
import { Library } from './assets/library.ts';
import { Poll } from './assets/poll.ts';
import { Watch } from './assets/watch.ts';
import type { Auth } from './auth.ts';
import { counted } from './format.ts';
import { announce } from './ui/announce.ts';
import { fill, h } from './ui/dom.ts';
import { UploadPanel } from './upload/panel.ts';
import { WebhooksView } from './webhooks/view.ts';

/** Stands for the page of webhooks where else an asset's id would be. */
const WEBHOOKS = '?webhooks';

export class App {
  readonly #auth: Auth;
  readonly #api: Api;
  readonly #main: HTMLElement;
  readonly #account = document.querySelector<HTMLElement>('#account')!;
  readonly #known = new Map<string, Asset>();
  readonly #poll: Poll;
  readonly #panel: UploadPanel | undefined;
  readonly #library: Library;
  readonly #home: HTMLElement;
  readonly #transfers = h('span', { class: 'transfers' });
  #watch: Watch | undefined;
  /** The asset whose page is shown, or the webhooks; null is the list. */
  #shown: string | null | undefined;

  constructor(auth: Auth, main: HTMLElement) {
    this.#auth = auth;
    this.#main = main;
    this.#api = new Api(() => auth.token());
    this.#poll = this.#newPoll();
    this.#library = new Library(this.#api, auth.signedIn ? 'own' : 'public', {
      open: asset => this.#go(`/?asset=${asset.id}`),
      retry: asset => void this.#retry(asset),
      listed: asset => this.#note(asset),
    });
    if (auth.signedIn) {
      this.#panel = new UploadPanel(this.#api, {
        changed: () => this.#showTransfers(),
        completed: id => void this.#refresh(id),
      });
    }
    this.#home = h(
      'div',
      { class: 'home' },
      this.#panel ? h('h1', { class: 'visually-hidden' }, 'Uploads and library') : this.#welcome(),
      this.#panel?.element,
      this.#library.element,
    );
  }

  async start(): Promise<void> {
    this.#showAccount();
    this.#auth.onEnd(() => {
      this.#showAccount();
      announce('Your session has ended. Sign in again.');
    });
    // A load of the page would end its uploads.
    document.querySelector('.brand')!.addEventListener('click', event => {
      event.preventDefault();
      this.#go('/');
    });
    window.addEventListener('popstate', () => this.#route());
    document.addEventListener('visibilitychange', () => this.#poll.visibilityChanged());
    this.#route();
    const unfinished = this.#panel?.showUnfinished().catch((error: unknown) => announce(explain(error)));
    await Promise.all([this.#library.load(), unfinished]);
  }

  #newPoll(): Poll {
    return new Poll({
      read: id => this.#api.asset(id),
      heard: asset => this.#hear(asset),
      gone: id => this.#forget(id),
      isGone: error => error instanceof Problem && error.status === 404,
      visible: () => !document.hidden,
      later: (task, milliseconds) => {
        const timer = setTimeout(task, milliseconds);
        return () => clearTimeout(timer);
      },
    });
  }

  #go(address: string): void {
    history.pushState(null, '', address);
    this.#route();
  }

  #route(): void {
    const query = new URLSearchParams(location.search);
    const place = query.get('asset') ?? (query.has('webhooks') ? WEBHOOKS : null);
    // The skip link changes the address, too.
    if (place === this.#shown) return;
    this.#shown = place;
    this.#watch?.close();
    this.#watch = undefined;
    if (place === null) {
      document.title = 'Millrace';
      fill(this.#main, this.#home);
    } else if (place === WEBHOOKS) {
      this.#openWebhooks();
    } else {
      this.#openAsset(place);
    }
  }

  #openWebhooks(): void {
    const view = new WebhooksView(this.#api, () => this.#go('/'));
    fill(this.#main, view.element);
    window.scrollTo(0, 0);
    void view.open();
  }

  #openAsset(id: string): void {
    this.#watch = new Watch(this.#api, {
      back: () => this.#back(id),
      retry: asset => void this.#retry(asset),
      heard: asset => this.#hear(asset),
      removed: asset => {
        this.#hear(asset);
        this.#back(id);
      },
    });
    fill(this.#main, this.#watch.element);
    window.scrollTo(0, 0);
    void this.#watch.open(id, this.#auth.signedIn);
  }

  /** To the list, with the focus on the asset that the person comes from. */
  #back(id: string): void {
    this.#go('/');
    this.#main.querySelector<HTMLElement>(`[data-asset="${CSS.escape(id)}"] a`)?.focus();
  }

  #note(asset: Asset): void {
    this.#known.set(asset.id, asset);
    if (this.#auth.signedIn) this.#poll.follow(asset);
  }

  /** An asset is as `asset` says now, whoever found out. */
  #hear(asset: Asset): void {
    const news = describeNews(this.#known.get(asset.id), asset);
    this.#note(asset);
    this.#library.show(asset);
    if (this.#shown === asset.id) this.#watch?.show(asset);
    if (news) announce(news);
  }

  #forget(id: string): void {
    this.#known.delete(id);
    this.#library.remove(id);
  }

  async #refresh(id: string): Promise<void> {
    this.#hear(await this.#api.asset(id));
  }

  async #retry(asset: Asset): Promise<void> {
    try {
      this.#hear(await this.#api.retryAsset(asset.id));
    } catch (error) {
      announce(explain(error));
    }
  }

  #showTransfers(): void {
    const count = this.#panel?.active.length ?? 0;
    this.#transfers.textContent = count > 0 ? `${counted(count, 'upload')} running` : '';
  }

  #showAccount(): void {
    const { signedIn, name } = this.#auth;
    const [words, click] = signedIn
      ? ['Sign out', () => void this.#auth.signOut()]
      : ['Sign in', () => void this.#auth.signIn()];
    fill(
      this.#account,
      this.#transfers,
      signedIn && h('span', { class: 'account__name' }, name),
      signedIn && this.#webhooksLink(),
      h('button', { type: 'button', class: 'button button--small', click }, words),
    );
  }

  #webhooksLink(): HTMLElement {
    const click = (event: MouseEvent) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#go('/?webhooks');
    };
    return h('a', { href: '/?webhooks', click }, 'Webhooks');
  }

  #welcome(): HTMLElement {
    const click = () => void this.#auth.signIn();
    return h(
      'section',
      { class: 'welcome', 'aria-labelledby': 'welcome-title' },
      h('h1', { id: 'welcome-title' }, 'Upload a film. Watch it anywhere.'),
      h('p', {}, 'Millrace turns video and audio files into streams that play on every device.'),
      h('button', { type: 'button', class: 'button button--main', click }, 'Sign in to upload'),
    );
  }
}
