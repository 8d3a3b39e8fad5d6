// Sign-in with authorization code and PKCE at the configured issuer. Tokens live as long as the tab.

import { UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';

import type { Config } from './api/types.ts';

/** Where the page was when the person left it to sign in. */
interface ReturnState {
  search: string;
}

export class Auth {
  readonly #manager: UserManager;
  #user: User | null = null;

  constructor(config: Config) {
    const home = `${location.origin}/`;
    const store = new WebStorageStateStore({ store: sessionStorage });
    this.#manager = new UserManager({
      authority: config.issuer,
      metadataUrl: config.discovery,
      client_id: config.client_id,
      scope: config.scopes.join(' '),
      redirect_uri: home,
      post_logout_redirect_uri: home,
      userStore: store,
      stateStore: store,
      automaticSilentRenew: true,
    });
    this.#manager.events.addUserLoaded(user => {
      this.#user = user;
    });
  }

  /** Who is signed in, after the way back from the issuer if this load is that. */
  async restore(): Promise<void> {
    const parameters = new URLSearchParams(location.search);
    if (parameters.has('state') && (parameters.has('code') || parameters.has('error'))) {
      await this.#finish();
    }
    this.#user = await this.#manager.getUser();
    if (this.#user?.expired) await this.#renew();
  }

  get signedIn(): boolean {
    return this.#user !== null && !this.#user.expired;
  }

  /** What to call the person. */
  get name(): string {
    const profile = this.#user?.profile;
    return profile?.name ?? profile?.email ?? profile?.preferred_username ?? 'Signed in';
  }

  async token(): Promise<string | undefined> {
    if (this.#user?.expired) await this.#renew();
    return this.#user?.access_token;
  }

  /** Calls `gone` when the session ended and could not be renewed. */
  onEnd(gone: () => void): void {
    this.#manager.events.addAccessTokenExpired(() => {
      void this.#renew().then(() => {
        if (!this.#user) gone();
      });
    });
  }

  async signIn(): Promise<void> {
    const state: ReturnState = { search: location.search };
    await this.#manager.signinRedirect({ state });
  }

  /** Ends the session here and, where the issuer has an address for it, there. */
  async signOut(): Promise<void> {
    const metadata = await this.#manager.metadataService.getMetadata();
    if (metadata.end_session_endpoint) {
      // `logout_uri` is Cognito's name for the standard's post_logout_redirect_uri.
      const logout_uri = `${location.origin}/`;
      await this.#manager.signoutRedirect({ extraQueryParams: { logout_uri } });
      return;
    }
    await this.#manager.removeUser();
    location.assign('/');
  }

  async #finish(): Promise<void> {
    let search = '';
    try {
      const user = await this.#manager.signinRedirectCallback();
      search = (user.state as ReturnState | undefined)?.search ?? '';
    } finally {
      // A reload must not send the code a second time.
      history.replaceState(null, '', `/${search}`);
    }
  }

  async #renew(): Promise<void> {
    try {
      this.#user = this.#user?.refresh_token ? await this.#manager.signinSilent() : null;
    } catch {
      this.#user = null;
    }
    if (!this.#user) await this.#manager.removeUser();
  }
}
