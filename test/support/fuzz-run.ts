import { Agent } from 'node:http';
import fc from 'fast-check';
import type { Route } from '../../src/contract/route.ts';
import { openLimits } from '../../src/redis/limits.ts';
import { JSON_TYPE } from './client.ts';
import { faultOf, hasToBeRefused } from './fuzz-judge.ts';
import { type Draft, draftsOf } from './fuzz-requests.ts';
import { type Caller, givenCallers, idsOf, isLetIn } from './fuzz-world.ts';
import { inLanes, type Reply, type Shot, send } from './shots.ts';
import { buildersOf, prepare, type ValidRequest } from './valid-requests.ts';
import { type Changes, changesSince } from './watched-changes.ts';
import type { World } from './world.ts';

/** A request as it goes out. */
type Sending = { route: Route; caller: Caller; draft: Draft; shot: Shot; isRefusedByContract: boolean };

export type Fuzz = {
  own: World;
  other: World;
  /** The number that the requests are made from: the same one makes the same ones, but for the ids in them. */
  seed: number;
  agent: Agent;
  /** How many were sent, and how many were answered with each status. */
  sent: number;
  statuses: Map<number, number>;
  /** How many of each route went through. */
  taken: Map<string, number>;
  lastChange: number;
};

const AT_ONCE = 8;
/** Of each builder: some requests use up what they are about. */
const TEMPLATES = 2;

export const fuzzOf = (own: World, other: World, seed: number): Fuzz => ({
  own,
  other,
  seed,
  agent: new Agent({ keepAlive: true, maxSockets: AT_ONCE }),
  sent: 0,
  statuses: new Map(),
  taken: new Map(),
  lastChange: 0,
});

/** Sends `count` requests to a route, and gives back what was wrong: with answers, or with what is in the database since. */
export async function fuzzRoute(fuzz: Fuzz, route: Route, count: number): Promise<string[]> {
  const { own, other, seed } = fuzz;
  await forgetTries(fuzz);
  const valid = await validOnes(own, route);
  // What was made for them is no change of theirs.
  await changesOf(fuzz);
  const faults = await sendOthers(fuzz, valid);
  const templates = await templatesOf(own, route);
  const ids = await idsOf(own, other);
  const drafts = fc.sample(fc.tuple(draftsOf(route, templates, ids), fc.nat()), { seed, numRuns: count });
  const callers = await givenCallers(own, other);
  const sendings = drafts.map(([draft, choice]) =>
    sendingOf(route, draft, callerFor(route, callers, own.shop.id, choice)),
  );
  await forgetTries(fuzz);
  const refused = sendings.filter(({ isRefusedByContract }) => isRefusedByContract);
  const others = sendings.filter(({ isRefusedByContract }) => !isRefusedByContract);
  return [...faults, ...(await sendRefused(fuzz, refused)), ...(await sendOthers(fuzz, others))];
}

/** A request of each kind just as it should be, by whom it is for: what is behind the route is tried whatever chance brings. */
async function validOnes(own: World, route: Route): Promise<Sending[]> {
  const sendings: Sending[] = [];
  for (const build of buildersOf(route)) {
    const { request, token } = await prepare(own, route, build);
    const { params = {}, query = {}, body, file } = request;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const draft: Draft = { params, query: Object.entries(query), text, file, headers: {} };
    const authorization = token && `Bearer ${token}`;
    const caller: Caller = { who: 'whom it is for', role: null, shopId: own.shop.id, authorization };
    sendings.push({ ...sendingOf(route, draft, caller), isRefusedByContract: false });
  }
  return sendings;
}

/** As if a quarter of an hour had gone by: else all that follows would only hear that it has to wait. */
async function forgetTries(fuzz: Fuzz): Promise<void> {
  const { test, db } = fuzz.own;
  test.app.limits = await openLimits(undefined, 'fuzz');
  await db.query('DELETE FROM pairing_codes');
  fuzz.lastChange = (await changesSince(db, fuzz.lastChange)).last;
}

async function templatesOf(own: World, route: Route): Promise<ValidRequest[]> {
  const templates: ValidRequest[] = [];
  for (const build of buildersOf(route)) {
    for (let n = 0; n < TEMPLATES; n += 1) templates.push((await prepare(own, route, build)).request);
  }
  return templates;
}

/** Most by somebody whom the route lets in, for the rest never gets beyond its door: those of the shop, of another one, and none. */
function callerFor(route: Route, callers: Caller[], ownId: string, choice: number): Caller {
  const groups = [
    callers.filter((caller) => isLetIn(route, caller, ownId)),
    callers.filter(({ role, shopId }) => role !== null && shopId === ownId),
    callers.filter(({ role, shopId }) => role !== null && shopId !== ownId),
    callers.filter(({ role }) => role === null),
  ];
  const group = groups[Math.max(0, (choice % 8) - 4)] as Caller[];
  return group[Math.floor(choice / 8) % group.length] as Caller;
}

function sendingOf(route: Route, draft: Draft, caller: Caller): Sending {
  const encode = (text: string) => encodeURIComponent(text.toWellFormed());
  const path = route.path.replace(/:(\w+)/g, (_, name) => encode(draft.params[name] ?? ''));
  const query = draft.query.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
  const shot: Shot = {
    what: caller.who,
    method: route.method.toUpperCase(),
    path: query === '' ? path : `${path}?${query}`,
    body: draft.text ?? draft.file?.bytes,
    headers: {
      ...(draft.text === undefined ? { ...(draft.file && { 'content-type': draft.file.type }) } : JSON_TYPE),
      ...(caller.authorization === null ? {} : { authorization: caller.authorization }),
      ...draft.headers,
    },
  };
  return { route, caller, draft, shot, isRefusedByContract: hasToBeRefused(route, caller, draft) };
}

async function answerTo(fuzz: Fuzz, { shot }: Sending): Promise<Reply> {
  const reply = await send(fuzz.agent, fuzz.own.test.url, shot, null);
  fuzz.sent += 1;
  fuzz.statuses.set(reply.status, (fuzz.statuses.get(reply.status) ?? 0) + 1);
  return reply;
}

/** Several at once: whichever it is that changes something is found by sending them again, one after the other. */
async function sendRefused(fuzz: Fuzz, sendings: Sending[]): Promise<string[]> {
  const faults: string[] = [];
  await inLanes(AT_ONCE, sendings, async (sending) => {
    const fault = faultOf(sending.route, true, await answerTo(fuzz, sending));
    if (fault) faults.push(tell(sending, fault));
  });
  const changes = await changesOf(fuzz);
  if (changes.seen.length === 0) return faults;
  for (const sending of sendings) {
    await answerTo(fuzz, sending);
    const { seen } = await changesOf(fuzz);
    if (seen.length > 0) faults.push(tell(sending, `refused, and yet it changed ${JSON.stringify(seen)}`));
  }
  return [...faults, `Requests that are refused changed ${JSON.stringify(changes.seen).slice(0, 2_000)}`];
}

/** One after the other: of each that is refused it has to be known whether it changed anything. */
async function sendOthers(fuzz: Fuzz, sendings: Sending[]): Promise<string[]> {
  const faults: string[] = [];
  for (const sending of sendings) {
    const reply = await answerTo(fuzz, sending);
    const fault = faultOf(sending.route, false, reply);
    if (fault) faults.push(tell(sending, fault));
    if (reply.status < 400) {
      fuzz.taken.set(sending.route.name, (fuzz.taken.get(sending.route.name) ?? 0) + 1);
    }
    const { seen } = await changesOf(fuzz);
    if (reply.status === 429) await forgetTries(fuzz);
    if (reply.status < 400 || seen.length === 0) continue;
    faults.push(tell(sending, `refused with ${reply.status}, and yet it changed ${JSON.stringify(seen)}`));
  }
  return faults;
}

async function changesOf(fuzz: Fuzz): Promise<Changes> {
  const changes = await changesSince(fuzz.own.db, fuzz.lastChange);
  fuzz.lastChange = changes.last;
  return changes;
}

const SHOWN = 1_500;
/** The request and what is wrong with its answer, for whoever looks for the reason. */
function tell({ caller, shot, draft }: Sending, fault: string): string {
  const headers = Object.keys(draft.headers).length > 0 ? ` headers ${JSON.stringify(draft.headers)}` : '';
  const body = draft.text === undefined ? '' : ` body ${JSON.stringify(draft.text).slice(0, SHOWN)}`;
  const line = `${shot.method} ${shot.path.slice(0, SHOWN)} by ${caller.who}${headers}${body}`;
  return `${line.slice(0, 2 * SHOWN)}\n      ${fault.slice(0, SHOWN)}`;
}
