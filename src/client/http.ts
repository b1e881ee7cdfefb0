import type { Method } from '../contract/route.ts';
import { NoAnswerError, readProblem } from './errors.ts';

export type Fetch = typeof globalThis.fetch;

export type HttpRequest = {
  method: Method;
  /** With its query. */
  path: string;
  body?: unknown;
  token?: string | null;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = { status: number; body: unknown };

export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * Sends to the server at `url` and reads its JSON. Throws ProblemAnswer for what the server refuses, NoAnswerError when
 * nothing, or something other than the server, answers. `onAnswer` hears of each answer.
 */
export function createHttp(
  url: string,
  fetch: Fetch,
  { onAnswer, closed }: { onAnswer: () => void; closed: AbortSignal },
): Http {
  const base = url.replace(/\/+$/, '');
  return async ({ method, path, body, token, timeoutMs, signal }) => {
    const late = AbortSignal.timeout(timeoutMs);
    const signals = signal ? [late, closed, signal] : [late, closed];
    const request = {
      method: method.toUpperCase(),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // The API never redirects; who does is a hotel's sign-in page, and gets no token.
      redirect: 'error',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.any(signals),
    } as const;
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${base}${path}`, request);
      text = await response.text();
    } catch (error) {
      if (late.aborted)
        throw new NoAnswerError('timeout', `No answer within ${timeoutMs / 1000} seconds.`, error);
      if (closed.aborted || signal?.aborted)
        throw new NoAnswerError('aborted', 'The call was given up.', error);
      throw new NoAnswerError('network', 'The server can not be reached.', error);
    }
    const answer = readJson(response, text);
    if (!answer)
      throw new NoAnswerError('unreadable', `Something answered ${response.status} that is not the server.`);
    if (response.ok) {
      onAnswer();
      return { status: response.status, body: answer.json };
    }
    const problem = readProblem(answer.json, response.headers.get('retry-after'));
    if (!problem)
      throw new NoAnswerError('unreadable', `Something answered ${response.status} that is not the server.`);
    onAnswer();
    throw problem;
  };
}

function readJson(response: Response, text: string): { json: unknown } | undefined {
  if (response.status === 204) return { json: null };
  if (!/json/.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    return { json: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
