// A call of the mock's API, and its refusal.

import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a call is about. */
export interface Call {
  owner: string;
  body: Record<string, unknown>;
  /** The body as it came. */
  text: string;
  url: URL;
  ids: string[];
  request: IncomingMessage;
  response: ServerResponse;
}

export type Route = [method: string, path: RegExp, answer: (call: Call) => void];

export class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, detail: string, readonly advice: string, readonly more = {}) {
    super(detail);
  }
}
