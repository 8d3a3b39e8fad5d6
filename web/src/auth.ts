// Sign-in with authorization code and PKCE at the configured issuer. Tokens live as long as the tab.

import { ErrorResponse, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';

import type { Config } from './api/types.ts';

/** Where the page was when the person left it to sign in. */
interface ReturnState {
  search: string;
}

export class Auth {
  readonly #manager: UserManager;
  #user: User | null = null;
  #renewing: Promise<void> | undefined;

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
      // Renewed below: two renewals at once would spend one refresh token twice.
      automaticSilentRenew: false,
    });
    this.#manager.events.addAccessTokenExpiring(() => void this.#renew());
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
    return this.signedIn ? this.#user?.access_token : undefined;
  }

  /** Calls `gone` when the session ended and could not be renewed. */
  onEnd(gone: () => void): void {
    this.#manager.events.addAccessTokenExpired(() => {
      void this.#renew().then(() => {
        if (!this.signedIn) gone();
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

  #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** Leaves the session as it is where the issuer can't be reached: the next call tries again. */
  async #renewOnce(): Promise<void> {
    if (!this.#user?.refresh_token) return;
    try {
      this.#user = await this.#manager.signinSilent();
    } catch (error) {
      if (!(error instanceof ErrorResponse)) return;
      this.#user = null;
      await this.#manager.removeUser();
    }
  }
}
