import { isDeepStrictEqual } from 'node:util';
import type { Order } from '../../src/contract/orders.ts';
import type { ProblemCode } from '../../src/contract/problem.ts';
import type { Answer } from './client.ts';
import { routeOf } from './client.ts';
import { type IdOf, idsOf, paidOf, requestOf, type TillRequest } from './till-requests.ts';
import type { Command, Script } from './till-script.ts';
import type { Till, TillShop } from './till-shop.ts';

/** A request as often as it was sent, with every answer. */
export type Sent = { command: Command; request: TillRequest; till: number; answers: Answer[] };

/** What the tills did and heard. */
export type Journal = {
  sent: Sent[];
  /** The newest state of each bill that anybody was told. */
  bills: Map<string, Order>;
  /** Each state that anybody was told, by bill and version. */
  states: Map<string, Order>;
  /** What no till should ever hear. */
  faults: string[];
};

/** Lets each till work through its own part of the script, all at the same time. */
export async function runTills(shop: TillShop, script: Script): Promise<Journal> {
  const journal: Journal = { sent: [], bills: new Map(), states: new Map(), faults: [] };
  const idOf = idsOf(shop);
  const work = script.tills.map(async (commands, till) => {
    for (const [step, command] of commands.entries()) {
      const own: IdOf = (name) => idOf(`${till}.${step} ${name}`);
      const bill = 'bill' in command ? chooseBill(command, journal) : null;
      const request = requestOf(command, { shop, idOf: own }, bill);
      if (!request) continue;
      const sent: Sent = { command, request, till, answers: [] };
      journal.sent.push(sent);
      await sendAsOften(shop.tills[till] as Till, sent, journal);
    }
  });
  await Promise.all(work);
  return journal;
}

async function sendAsOften(till: Till, sent: Sent, journal: Journal): Promise<void> {
  const { command, request } = sent;
  const once = async () => {
    const answer = await till[request.as][request.method](request.path, request.body);
    sent.answers.push(answer);
    hear(journal, request, answer);
  };
  // What nothing keeps from being done twice is not sent twice: it would be two changes.
  if (!request.isKeyed || command.send === 'once') return await once();
  if (command.send === 'twice') {
    await Promise.all([once(), once()]);
    return;
  }
  await once();
  await once();
}

export const isAcknowledged = ({ answers }: Sent) => answers.some(({ status }) => status < 300);

/** Bills that the command may be meant for, the newest first; now and then one that it is not. */
function chooseBill(command: Command & { bill: number }, { bills }: Journal): Order | null {
  const all = [...bills.values()].reverse();
  const isMeant = (bill: Order): boolean => {
    const isPaid = paidOf(bill) > 0 && bill.paymentStatus === 'completed';
    if (command.do === 'refund') return isPaid && bill.status !== 'voided' && bill.refunded !== bill.total;
    return bill.status !== 'voided' && (command.do === 'void' || !isPaid);
  };
  const meant = all.filter(isMeant);
  const choice = meant.length > 0 ? meant : all;
  return choice[command.bill % Math.max(choice.length, 1)] ?? null;
}

/** Problems of every route: who calls, and what is not right about the body. */
const COMMON: ProblemCode[] = ['invalid_request', 'unauthenticated', 'forbidden'];

/** Keeps what a till was told. The client has held the answer against the contract already. */
function hear(journal: Journal, { method, path }: TillRequest, answer: Answer): void {
  const what = `${method.toUpperCase()} ${path}: ${answer.status} ${answer.text.slice(0, 300)}`;
  if (answer.status >= 500) journal.faults.push(`the server broke: ${what}`);
  if (answer.status >= 400) {
    const code = String(answer.body.type).replace('urn:smoocho:problem:', '') as ProblemCode;
    const documented = [...COMMON, ...(routeOf(method, path)?.problems ?? [])];
    if (!documented.includes(code)) journal.faults.push(`${code} is not documented for ${what}`);
    return;
  }
  if (path.includes('/orders')) learn(journal, answer.body);
}

/** Two who are told the same version of a bill are told the same. */
export function learn({ bills, states, faults }: Journal, bill: Order): void {
  const key = `${bill.id} version ${bill.version}`;
  const known = states.get(key);
  if (known && !isDeepStrictEqual(known, bill)) {
    faults.push(`${key} is shown in two ways: ${JSON.stringify(known)} and ${JSON.stringify(bill)}`);
  }
  states.set(key, bill);
  const newest = bills.get(bill.id);
  if (!newest || newest.version < bill.version) bills.set(bill.id, bill);
}
