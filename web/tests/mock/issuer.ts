// An OpenID provider: authorization code with PKCE, refresh tokens, a form that asks who you are.

import { createHash, randomUUID } from 'node:crypto';

import { allowOrigins, bodyOf, json, serve, type Server } from './http.ts';

const CLIENT = 'millrace-web';

interface Grant {
  user: string;
  challenge: string;
  redirect: string;
}

export interface Issuer extends Server {
  client: string;
  /** How long an access token lasts. */
  lifetimeS: number;
  refreshed: number;
  /** Whose token this is. */
  userOf(token: string | undefined): string | undefined;
}

export async function startIssuer(): Promise<Issuer> {
  const codes = new Map<string, Grant>();
  const refreshTokens = new Map<string, string>();
  const accessTokens = new Map<string, { user: string; expiresAtMs: number }>();

  const tokensFor = (user: string) => {
    const access = randomUUID();
    const refresh = randomUUID();
    accessTokens.set(access, { user, expiresAtMs: Date.now() + issuer.lifetimeS * 1000 });
    refreshTokens.set(refresh, user);
    return {
      access_token: access,
      refresh_token: refresh,
      id_token: unsignedToken(issuer.origin, user, issuer.lifetimeS),
      token_type: 'Bearer',
      expires_in: issuer.lifetimeS,
    };
  };

  const exchange = (form: URLSearchParams) => {
    if (form.get('grant_type') === 'refresh_token') {
      const user = refreshTokens.get(form.get('refresh_token') ?? '');
      if (user) issuer.refreshed += 1;
      return user && tokensFor(user);
    }
    const grant = codes.get(form.get('code') ?? '');
    codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const fits = grant?.challenge === challenge && grant.redirect === form.get('redirect_uri');
    return fits && form.get('client_id') === CLIENT && tokensFor(grant.user);
  };

  const server = await serve(async (request, response, url) => {
    if (allowOrigins(request, response)) return;
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /.well-known/openid-configuration':
        return json(response, 200, metadata(issuer.origin));
      case 'GET /authorize':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end(form(url.searchParams));
        return;
      case 'POST /login': {
        const fields = new URLSearchParams((await bodyOf(request)).toString());
        const code = randomUUID();
        const redirect = fields.get('redirect_uri') ?? '';
        codes.set(code, { user: fields.get('username') ?? '', challenge: fields.get('code_challenge') ?? '', redirect });
        const back = new URL(redirect);
        back.search = String(new URLSearchParams({ code, state: fields.get('state') ?? '' }));
        response.writeHead(303, { location: back.href }).end();
        return;
      }
      case 'POST /token': {
        const tokens = exchange(new URLSearchParams((await bodyOf(request)).toString()));
        return tokens ? json(response, 200, tokens) : json(response, 400, { error: 'invalid_grant' });
      }
      case 'GET /logout':
        response.writeHead(303, { location: url.searchParams.get('post_logout_redirect_uri') ?? '/' }).end();
        return;
      default:
        response.writeHead(404).end();
    }
  });

  const issuer: Issuer = {
    ...server,
    client: CLIENT,
    lifetimeS: 3600,
    refreshed: 0,
    userOf: token => {
      const known = accessTokens.get(token ?? '');
      return known && known.expiresAtMs > Date.now() ? known.user : undefined;
    },
  };
  return issuer;
}

function metadata(origin: string): Record<string, string> {
  return {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    end_session_endpoint: `${origin}/logout`,
    jwks_uri: `${origin}/jwks`,
  };
}

function form(parameters: URLSearchParams): string {
  const hidden = ['redirect_uri', 'state', 'code_challenge'].map(
    name => `<input type="hidden" name="${name}" value="${encode(parameters.get(name) ?? '')}">`,
  );
  return `<!doctype html><html lang="en"><title>Sign in</title><form method="post" action="/login">${hidden.join('')}
    <label>User name <input name="username"></label> <label>Password <input type="password" name="password"></label>
    <button>Sign in</button></form>`;
}

function encode(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
}

/** Pages read an ID token; checking its signature is the API's affair. */
function unsignedToken(issuer: string, user: string, lifetimeS: number): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: user, aud: CLIENT, iat: now, exp: now + lifetimeS, email: `${user}@example.com` };
  return [{ alg: 'none' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.';
}
