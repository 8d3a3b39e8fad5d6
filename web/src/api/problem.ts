// A refusal of the API, as a person should read it.

/** What the answer's body may hold: RFC 9457 from Millrace, `message` from API Gateway. */
interface Body {
  detail?: unknown;
  title?: unknown;
  code?: unknown;
  advice?: unknown;
  message?: unknown;
  missing?: unknown;
}

const WITHOUT_A_BODY: Record<number, [message: string, advice: string]> = {
  0: ['The server did not answer.', 'Check the connection and try again.'],
  401: ['You are signed out.', 'Sign in again.'],
  403: ['You may not do this.', 'Sign in with another account.'],
  404: ['This does not exist.', 'It may have been deleted.'],
  429: ['There were too many requests.', 'Wait a moment and try again.'],
};

export class Problem extends Error {
  override name = 'Problem';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly advice: string,
    /** Part numbers, with `UploadIncomplete`. */
    readonly missing: number[] = [],
  ) {
    super(message);
  }

  /** Whether the same request may succeed a moment later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The problem of an answer with this status and body; status 0 means there was no answer. */
export function problemOf(status: number, body: unknown): Problem {
  const said: Body = typeof body === 'object' && body !== null ? body : {};
  const [message, advice] = WITHOUT_A_BODY[status] ?? [
    `The server answered with status ${status}.`,
    'Try again in a moment.',
  ];
  const code = text(said.code) ?? `Status${status}`;
  return new Problem(
    status,
    code,
    sentence(text(said.detail) ?? text(said.title) ?? message),
    sentence(text(said.advice) ?? advice),
    numbers(said.missing),
  );
}

/** What to show for anything that was thrown. */
export function explain(error: unknown): string {
  if (error instanceof Problem) return `${error.message} ${error.advice}`;
  return error instanceof Error ? sentence(error.message) : 'Something went wrong.';
}

/** The same words with a capital and a full stop; the API's advice has neither. */
export function sentence(words: string): string {
  const trimmed = words.trim();
  const start = /^\S+\.\w+[:\s]/.test(trimmed) ? trimmed : capital(trimmed);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'number') : [];
}
