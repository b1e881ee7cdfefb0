import { expect } from 'chai';
import { routes } from '../../src/contract/index.ts';
import { problemsOf } from '../../src/contract/openapi.ts';
import { problems } from '../../src/contract/problem.ts';
import type { Route } from '../../src/contract/route.ts';

// biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
export type Answer = { status: number; body: any; headers: Headers; text: string };
export type Client = {
  token: string | null;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  put(path: string, body?: unknown): Promise<Answer>;
  delete(path: string, body?: unknown): Promise<Answer>;
  send(method: string, path: string, options?: RawRequest): Promise<Answer>;
};
export const JSON_TYPE = { 'content-type': 'application/json' };
export type RawRequest = {
  body?: string | Uint8Array | FormData | undefined;
  headers?: Record<string, string>;
  /** Instead of 20 s. */
  timeoutMs?: number;
};

/** Talks to the API as `token`, and holds every answer against the contract: a view that drifts from it fails. */
export function clientOf(url: string, token: string | null = null): Client {
  const send = async (
    method: string,
    path: string,
    { body, headers = {}, timeoutMs = 20_000 }: RawRequest = {},
  ): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      // The cast avoids a mismatch of buffer types.
      ...(body === undefined ? {} : { body: body as string }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const answer = {
      status: response.status,
      body: isJson ? JSON.parse(text) : text,
      headers: response.headers,
      text,
    };
    checkAnswer(method, path, answer);
    return answer;
  };
  const json = (method: string) => (path: string, body?: unknown) =>
    send(method, path, {
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: body === undefined ? {} : JSON_TYPE,
    });
  return {
    token,
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: json('POST'),
    put: json('PUT'),
    delete: json('DELETE'),
  };
}

export const routeOf = (method: string, path: string): Route | undefined =>
  routes.find(
    (route) =>
      route.method === method.toLowerCase() &&
      new RegExp(`^${route.path.replace(/:\w+/g, '[^/]+')}$`).test(path.split('?')[0] as string),
  );

/** It begins and ends as one, and has no address of a field in it. */
export const isSentence = (text: string) =>
  /^[\p{Lu}\d"].*[.!?…]$/su.test(text) && !/(^|\s)\/[a-z]+/.test(text);

function checkAnswer(method: string, path: string, { status, body, headers }: Answer): void {
  if (status >= 400) {
    expect(headers.get('content-type'), `${method} ${path} ${status}`).to.include('application/problem+json');
    const code = String(body.type).replace('urn:smoocho:problem:', '') as keyof typeof problems;
    expect(problems[code]?.status, `${method} ${path} ${code}`).to.equal(status);
    expect(body.instance).to.be.a('string');
    const asked = routeOf(method, path);
    if (asked) expect(problemsOf(asked), `${method} ${path}`).to.include(code);
    // Somebody at a till reads it: a sentence, not the address of a field.
    if (body.detail !== undefined)
      expect(isSentence(body.detail), `${method} ${path} ${body.detail}`).to.equal(true);
    return;
  }
  const route = routeOf(method, path);
  if (!route || headers.get('content-type')?.includes('csv')) return;
  if (route.answersWith && status < 300) expect(headers.get('content-type')).to.equal(route.answersWith);
  expect(Object.keys(route.responses), `${method} ${path}`).to.include(String(status));
  const schema = route.responses[status];
  const result = schema?.safeParse(body);
  if (result && !result.success) {
    throw new Error(`${method} ${path} answers what the contract doesn't say: ${result.error.message}`);
  }
}
