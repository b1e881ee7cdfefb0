import { findUnclean } from '../../src/contract/hygiene.ts';
import { problemsOf } from '../../src/contract/openapi.ts';
import { type ProblemCode, problems } from '../../src/contract/problem.ts';
import { maxBodyBytesOf, type Route } from '../../src/contract/route.ts';
import type { Draft } from './fuzz-requests.ts';
import { type Caller, isLetIn } from './fuzz-world.ts';
import { asKoaReads } from './hostile-queries.ts';
import { NOTHING } from './hostile-requests.ts';
import type { Reply } from './shots.ts';

/** Whether the contract alone says that a request is refused: by who sends it, or by how it is written. */
export function hasToBeRefused(route: Route, caller: Caller, draft: Draft): boolean {
  if (!isLetIn(route, caller, draft.params.shopId)) return true;
  if (route.params && !route.params.safeParse(draft.params).success) return true;
  const query = asKoaReads(draft.query.map(([name, value]) => [name.toWellFormed(), value.toWellFormed()]));
  if (isRefused(route.query, query)) return true;
  return route.method !== 'get' && isBodyRefused(route, draft);
}

const isRefused = (schema: Route['body'], value: unknown, apart?: string) =>
  findUnclean(value, apart).length > 0 || !(schema ?? NOTHING).safeParse(value).success;

const utf8 = new TextDecoder('utf-8', { fatal: true });

function isBodyRefused(route: Route, draft: Draft): boolean {
  const { text = '', headers } = draft;
  // What a header makes of a body is the server's to say.
  if (Object.keys(headers).some((name) => /^(content|transfer)-/.test(name))) return false;
  if (route.file) return draft.text !== undefined;
  const bytes = Buffer.from(text);
  if (bytes.length > maxBodyBytesOf(route)) return true;
  try {
    const body = bytes.length === 0 ? {} : JSON.parse(utf8.decode(bytes));
    return isRefused(route.body, body, route.checkedOneByOne);
  } catch {
    return true;
  }
}

/** Other tests hold messages to more; here one may begin with the name of something, and names begin with anything. */
const ENDS = /[.!?…]$/;

/** What is wrong with an answer, in a sentence; null when nothing is. */
export function faultOf(
  route: Route,
  isRefusedByContract: boolean,
  { status, headers, text }: Reply,
): string | null {
  const shown = `${status} ${text.slice(0, 400)}`;
  const type = String(headers['content-type'] ?? '');
  if (status < 400) {
    if (isRefusedByContract) return `the contract refuses it, the server took it: ${shown}`;
    if (!(status in route.responses)) return `not a status of this route: ${shown}`;
    if (type.includes('csv') || type === route.answersWith || status > 300) return null;
    const wrong = route.responses[status]?.safeParse(JSON.parse(text)).error;
    return wrong ? `the answer is not what the contract says: ${wrong.message.slice(0, 400)} ${shown}` : null;
  }
  if (type !== 'application/problem+json') return `no problem, but ${type}: ${shown}`;
  const problem = JSON.parse(text) as { type: string; detail?: string; instance?: string };
  const code = problem.type.replace('urn:smoocho:problem:', '') as ProblemCode;
  if (problems[code]?.status !== status) return `not a problem of the table: ${shown}`;
  if (!problemsOf(route).includes(code)) return `not a problem of this route: ${shown}`;
  if (problem.instance !== headers['x-request-id']) return `the request is not named: ${shown}`;
  if (problem.detail !== undefined && !ENDS.test(problem.detail)) return `not a sentence: ${shown}`;
  return null;
}
