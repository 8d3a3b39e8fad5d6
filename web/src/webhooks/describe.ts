// Webhooks in words. Pure.

import { sentence } from '../api/problem.ts';
import type { Delivery, EventType, Webhook } from '../api/types.ts';

/** What happens to an asset, in the order of its life. */
export const EVENTS: Record<EventType, string> = {
  'asset.created': 'an upload is complete',
  'asset.processing': 'a job runs',
  'asset.ready': 'the stream plays',
  'asset.failed': 'the newest job failed',
  'asset.changed': 'title, tags, visibility or captions are others',
  'asset.removing': 'it was given up',
  'asset.removed': 'nothing is left of it',
};

/** Tries of a delivery before it is given up, as the API counts them. */
const TRIES = 9;

export function describeEvents(events: EventType[]): string {
  return events.length === Object.keys(EVENTS).length ? 'Hears of everything' : `Hears of ${events.join(', ')}`;
}

/** Why the last delivery was not taken, and what follows from that. */
export function describeFailure({ enabled }: Webhook, { error, attempt }: Delivery): string {
  // What the system adds for programs.
  const reason = sentence((error ?? 'no reason is known').replace(/ \(os error \d+\)$/, ''));
  if (!enabled) return `${reason} Nothing is sent until you resume it.`;
  return attempt < TRIES ? `${reason} It is tried again.` : `${reason} It was given up after ${TRIES} tries.`;
}
