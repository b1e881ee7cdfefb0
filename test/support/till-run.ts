import { isDeepStrictEqual } from 'node:util';
import type { ReplayedOrder } from '../../src/contract/offline-orders.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { ProblemCode } from '../../src/contract/problem.ts';
import type { ShiftReport } from '../../src/contract/shifts.ts';
import type { Answer } from './client.ts';
import { routeOf } from './client.ts';
import { isSettled } from './till-model.ts';
import { fromOutbox, type IdOf, idsOf, placeFor, requestsOf, type TillRequest } from './till-requests.ts';
import type { Command, Script } from './till-script.ts';
import type { Till, TillShop } from './till-shop.ts';

/** A request as often as it was sent, with every response. */
export type Sent = { command: Command; request: TillRequest; till: number; answers: Answer[] };

/** What the tills did and were told. */
export type Journal = {
  sent: Sent[];
  /** The newest state of each order that anybody was told. */
  orders: Map<string, Order>;
  /** Each state that anybody was told, by order and version. */
  states: Map<string, Order>;
  /** Z reports as they were told when their drawer was counted, by shift. */
  zReports: Map<string, ShiftReport>;
  openShiftId: string | null;
  /** What no till should ever be told. */
  violations: string[];
};

export const newJournal = (): Journal => ({
  sent: [],
  orders: new Map(),
  states: new Map(),
  zReports: new Map(),
  openShiftId: null,
  violations: [],
});

/** Lets each till work through its part of a day, all at the same time. */
export async function runTills(shop: TillShop, journal: Journal, script: Script, day: number): Promise<void> {
  const idOf = idsOf(shop);
  const work = (script.days[day] ?? []).map(async (commands, till) => {
    for (const [step, command] of commands.entries()) {
      const own: IdOf = (name) => idOf(`${day}.${till}.${step} ${name}`);
      await perform({ shop, journal, till, idOf: own }, command);
    }
  });
  await Promise.all(work);
}

type At = { shop: TillShop; journal: Journal; till: number; idOf: IdOf };

async function perform({ shop, journal, till, idOf }: At, command: Command): Promise<void> {
  const order = 'order' in command ? await orderFor({ shop, journal, till, idOf }, command) : null;
  const requests = requestsOf(command, { shop, idOf, order, openShiftId: journal.openShiftId });
  const entries = requests.map((request): Sent => ({ command, request, till, answers: [] }));
  if (command.do === 'offline') return await sendAsOften(shop, journal, entries);
  for (const sent of entries) {
    await sendAsOften(shop, journal, [sent]);
    if (command.send !== 'outbox') continue;
    const again: Sent = { ...sent, request: fromOutbox(shop, sent.request), answers: sent.answers };
    await sendOnce(shop, journal, [again]);
  }
}

/** Sends a command's request, or its batch, as often as the command says. */
export async function sendAsOften(shop: TillShop, journal: Journal, entries: Sent[]): Promise<void> {
  const [first] = entries;
  if (!first) return;
  journal.sent.push(...entries);
  const once = () => sendOnce(shop, journal, entries);
  const { command, request } = first;
  // What nothing keeps from being done twice is not sent twice: it would be two changes.
  if (request.isKeyed && command.send === 'twice') {
    await Promise.all([once(), once()]);
    return;
  }
  await once();
  if (request.isKeyed && command.send === 'again') await once();
}

async function sendOnce(shop: TillShop, journal: Journal, entries: Sent[]): Promise<void> {
  const [first] = entries as [Sent];
  const till = shop.tills[first.till] as Till;
  const requests = entries.map(({ request }) => request);
  const answers = first.request.isOffline
    ? await sendBatch(till, requests)
    : [await sendOne(till, first.request)];
  entries.forEach((sent, n) => {
    const answer = answers[n] as Answer;
    sent.answers.push(answer);
    keep(journal, sent.request, answer);
  });
}

/** Sends a request again, whatever it was sent with before. */
export async function resend(till: Till, request: TillRequest): Promise<Answer> {
  if (!request.isOffline) return await sendOne(till, request);
  return (await sendBatch(till, [request]))[0] as Answer;
}

const sendOne = async (till: Till, { as, method, path, body }: TillRequest) =>
  await till[as][method](path, body);

const STATUS = { created: 201, same: 200, retry: 503 } as const;

/** A batch, with what became of each of its orders as a response of its own. */
async function sendBatch(till: Till, requests: TillRequest[]): Promise<Answer[]> {
  const [{ as, path }] = requests as [TillRequest];
  const answer = await till[as].post(path, { orders: requests.map(({ body }) => body) });
  if (answer.status !== 200) return requests.map(() => answer);
  return answer.body.data.map((each: ReplayedOrder): Answer => {
    const body = 'order' in each ? each.order : each.problem;
    const status = each.result === 'conflict' ? each.problem.status : STATUS[each.result];
    return { ...answer, status, body, text: JSON.stringify(body) };
  });
}

export const isAcknowledged = ({ answers }: Sent) => answers.some(({ status }) => status < 300);

export const codeOf = ({ body }: Answer) =>
  String(body.type).replace('urn:smoocho:problem:', '') as ProblemCode;

type OrderCommand = Extract<Command, { order: number }>;
/** Now and then a till means an order that the command is not for. */
const ANY = 4;

/** The order that a command is about; where there is none such, one is placed for it. */
async function orderFor(at: At, command: OrderCommand): Promise<Order | null> {
  const { shop, journal, till, idOf } = at;
  const all = [...journal.orders.values()].reverse();
  const isOf = (order: Order) => !('of' in command) || isSettled(order) === (command.of === 'sold');
  const meant = all.filter((order) => isMeant(command.do, order) && isOf(order));
  // What came back in part comes back in parts, and what was paid too much is given back first.
  if (command.do === 'refund') meant.sort((a, b) => b.refunds.length - a.refunds.length);
  if (command.do === 'refund' && command.order === 0)
    meant.sort((a, b) => Number(isOwed(b)) - Number(isOwed(a)));
  if (command.do === 'giveBack') meant.sort((a, b) => Number(b.toGiveBack) - Number(a.toGiveBack));
  const choice = command.order === ANY && all.length > 0 ? all : meant;
  if (choice.length > 0) return choice[command.order % choice.length] ?? null;
  const request = placeFor(command, shop, idOf);
  const placing: Command = { do: 'place', send: 'once', lines: [], pay: 'none', discount: null, tip: null };
  await sendAsOften(shop, journal, [{ command: placing, request, till, answers: [] }]);
  return journal.orders.get(String(request.body.id)) ?? null;
}

const isOwed = ({ payLater, paymentStatus }: Order) => payLater && paymentStatus !== 'completed';

function isMeant(what: OrderCommand['do'], order: Order): boolean {
  const { status, paymentStatus, payLater, payments, refunds, refunded, total, toGiveBack } = order;
  const isPaid = paymentStatus === 'completed';
  if (status === 'voided') return false;
  switch (what) {
    case 'refund':
      return (isPaid || payLater) && refunded !== total;
    case 'edit':
      return !isSettled(order);
    case 'shrink':
      return !isSettled(order) && payments.length > 0;
    case 'void':
      return refunds.length === 0;
    case 'pay':
      return !isPaid && toGiveBack === '0.00';
    case 'giveBack':
    case 'correct':
      return payments.length > 0 && refunds.length === 0;
    case 'move':
      return status !== 'completed';
  }
}

/** Problems of every route: who calls, and what is not right about the body. */
const COMMON: ProblemCode[] = ['invalid_request', 'unauthenticated', 'forbidden'];
/** What one order of a batch may be told beside what one alone may. */
const OF_BATCH: ProblemCode[] = ['order_conflict', 'unknown_product', 'invalid_payment', 'amount_too_large'];

/** Keeps what a till was told. The client has held the response against the contract already. */
function keep(journal: Journal, { method, path, isOffline }: TillRequest, answer: Answer): void {
  const what = `${method.toUpperCase()} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`;
  if (answer.status >= 500) journal.violations.push(`the server broke: ${what}`);
  if (answer.status >= 400) {
    const code = codeOf(answer);
    const own = isOffline ? OF_BATCH : [];
    const documented = [...COMMON, ...own, ...(routeOf(method, path)?.problems ?? [])];
    if (!documented.includes(code)) journal.violations.push(`${code} is not documented for ${what}`);
    return;
  }
  if (path.includes('/orders')) learn(journal, answer.body);
  if (path.endsWith('/shifts') && answer.body.status === 'open') journal.openShiftId = answer.body.id;
  if (path.endsWith('/close')) learnZReport(journal, answer.body);
}

function learnZReport(journal: Journal, report: ShiftReport): void {
  const { id } = report.shift;
  if (journal.openShiftId === id) journal.openShiftId = null;
  const known = journal.zReports.get(id);
  if (known && !isDeepStrictEqual(known, report))
    journal.violations.push(`Z report ${report.shift.zNumber} is shown in two ways`);
  journal.zReports.set(id, report);
}

/** Two who are told the same version of an order are told the same. */
export function learn({ orders, states, violations }: Journal, order: Order): void {
  const key = `${order.id} version ${order.version}`;
  const known = states.get(key);
  if (known && !isDeepStrictEqual(known, order)) {
    violations.push(`${key} is shown in two ways: ${JSON.stringify(known)} and ${JSON.stringify(order)}`);
  }
  states.set(key, order);
  const newest = orders.get(order.id);
  if (!newest || newest.version < order.version) orders.set(order.id, order);
}
