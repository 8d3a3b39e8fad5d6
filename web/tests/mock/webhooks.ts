// The API's webhooks, over memory.

import type { EventType, Webhook } from '../../src/api/types.ts';
import { Refusal, type Call, type Route } from './call.ts';
import type { Catalogue, StoredWebhook } from './catalogue.ts';
import { json } from './http.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function webhookRoutes(catalogue: Catalogue): Route[] {
  return [
    ['GET', /^\/api\/webhooks$/, call => json(call.response, 200, { webhooks: of(call.owner).map(answer) })],
    ['POST', /^\/api\/webhooks$/, make],
    ['PATCH', /^\/api\/webhooks\/([\w-]+)$/, call => json(call.response, 200, answer(Object.assign(named(call), call.body)))],
    ['POST', /^\/api\/webhooks\/([\w-]+)\/secret$/, renew],
    ['DELETE', /^\/api\/webhooks\/([\w-]+)$/, drop],
  ];

  function of(owner: string): StoredWebhook[] {
    return catalogue.webhooks.filter(webhook => webhook.owner === owner);
  }

  function make({ owner, body, response }: Call): void {
    const { url, events } = body as { url: string; events?: EventType[] };
    if (!url.startsWith('https://')) {
      throw new Refusal(400, 'RequestInvalid', 'url: it should begin with https://', 'correct the request');
    }
    const webhook = catalogue.addWebhook(owner, { url, ...(events && { events }) });
    json(response, 201, { ...answer(webhook), secret: 'whsec_Zmlyc3Qtc2VjcmV0LW9mLWEtd2ViaG9vaw==' });
  }

  function renew(call: Call): void {
    const webhook = named(call);
    webhook.old_secret_until = new Date(Date.now() + DAY_MS).toISOString();
    json(call.response, 200, { ...answer(webhook), secret: 'whsec_bmV3LXNlY3JldC1vZi1hLXdlYmhvb2s=' });
  }

  function drop(call: Call): void {
    catalogue.webhooks.splice(catalogue.webhooks.indexOf(named(call)), 1);
    call.response.writeHead(204).end();
  }

  function named({ owner, ids }: Call): StoredWebhook {
    const webhook = of(owner).find(({ id }) => id === ids[0]);
    if (webhook) return webhook;
    throw new Refusal(404, 'WebhookNotFound', `there is no webhook ${ids[0]}`, 'look at the list of webhooks');
  }
}

function answer({ owner: _, ...webhook }: StoredWebhook): Webhook {
  return webhook;
}
