// Wires the page: configuration, sign-in, then the views.

import { Api } from './api/client.ts';
import { explain } from './api/problem.ts';
import { App } from './app.ts';
import { Auth } from './auth.ts';
import { announce, liveRegion } from './ui/announce.ts';
import { fill, h } from './ui/dom.ts';

async function begin(main: HTMLElement): Promise<void> {
  const config = await new Api(async () => undefined).config();
  const auth = new Auth(config);
  const refused = await auth.restore().catch(explain);
  const app = new App(auth, main);
  await app.start();
  if (refused) announce(`Sign-in did not succeed. ${refused}`);
}

document.body.append(liveRegion);
const main = document.querySelector('main')!;
begin(main).catch((error: unknown) => {
  const again = h('button', { class: 'button', click: () => location.reload() }, 'Try again');
  fill(main, h('div', { class: 'panel', role: 'alert' }, h('p', {}, explain(error)), again));
});
