import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Delivery, EventType, Webhook } from '../src/api/types.ts';
import { describeEvents, describeFailure, EVENTS } from '../src/webhooks/describe.ts';

const webhook = (enabled: boolean): Webhook => ({ id: 'w1', url: 'https://example.com/', events: [], enabled });

const failed = (error: string, attempt: number): Delivery => ({
  type: 'asset.ready', time: '2026-11-25T10:00:00Z', attempt, delivered: false, error,
});

test('what a webhook hears of has words', () => {
  assert.equal(describeEvents(Object.keys(EVENTS) as EventType[]), 'Hears of everything');
  assert.equal(describeEvents(['asset.ready', 'asset.failed']), 'Hears of asset.ready, asset.failed');
});

test('a failure says why, and what follows', () => {
  const why = 'the receiver answered with 503';
  assert.equal(describeFailure(webhook(true), failed(why, 8)), 'The receiver answered with 503. It is tried again.');
  assert.equal(describeFailure(webhook(true), failed(why, 9)), 'The receiver answered with 503. It was given up after 9 tries.');
  assert.equal(describeFailure(webhook(false), failed(why, 1)), 'The receiver answered with 503. Nothing is sent until you resume it.');
  assert.equal(describeFailure(webhook(true), failed('Connection refused (os error 111)', 1)), 'Connection refused. It is tried again.');
});
