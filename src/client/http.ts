import type { FileBody, Method } from '../contract/route.ts';
import { NoAnswerError, readProblem } from './errors.ts';

export type Fetch = typeof globalThis.fetch;

export type HttpRequest = {
  method: Method;
  /** With its query. */
  path: string;
  /** Bytes are sent as they are, anything else as JSON. */
  body?: unknown;
  /** The response is a file, possibly redirected to a bucket. */
  isFile?: boolean;
  token?: string | null;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
};

export type HttpAnswer = { status: number; body: unknown };

export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * Sends to the server at `url` and reads its JSON, or a file as a Blob. Throws ProblemAnswer for what the server refuses, NoAnswerError when
 * nothing, or something other than the server, answers. `onAnswer` hears of each answer.
 */
export function createHttp(
  url: string,
  fetch: Fetch,
  { onAnswer, closed }: { onAnswer: () => void; closed: AbortSignal },
): Http {
  const base = url.replace(/\/+$/, '');
  return async ({ method, path, body, isFile = false, token, timeoutMs, signal }) => {
    const late = AbortSignal.timeout(timeoutMs);
    const signals = signal ? [late, closed, signal] : [late, closed];
    const request = {
      method: method.toUpperCase(),
      headers: {
        accept: isFile ? '*/*' : 'application/json',
        ...(body === undefined ? {} : { 'content-type': typeOf(body) }),
        // Files need no token, and a redirect must not forward it to the bucket.
        ...(token && !isFile ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body === undefined ? {} : { body: isBytes(body) ? body : JSON.stringify(body) }),
      // The API redirects for files only; any other redirect is a captive portal, which must not get the token.
      redirect: isFile ? 'follow' : 'error',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.any(signals),
    } as const;
    let response: Response;
    let text: string;
    let file: Blob | undefined;
    try {
      response = await fetch(`${base}${path}`, request);
      if (isFile && response.ok) file = await response.blob();
      text = file ? '' : await response.text();
    } catch (error) {
      if (late.aborted)
        throw new NoAnswerError('timeout', `No answer within ${timeoutMs / 1000} seconds.`, error);
      if (closed.aborted || signal?.aborted)
        throw new NoAnswerError('aborted', 'The call was given up.', error);
      throw new NoAnswerError('network', 'The server can not be reached.', error);
    }
    if (file && /^image\//.test(file.type)) {
      onAnswer();
      return { status: response.status, body: file };
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

const isBytes = (body: unknown): body is FileBody => body instanceof Blob || ArrayBuffer.isView(body);

function typeOf(body: unknown): string {
  if (body instanceof Blob && body.type !== '') return body.type;
  return isBytes(body) ? 'application/octet-stream' : 'application/json';
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
