import { expect } from 'chai';
import type pg from 'pg';
import type { EventEnvelope } from '../../src/contract/events.ts';
import type { InventoryItem, StockMovement } from '../../src/contract/inventory.ts';
import type { Order } from '../../src/contract/orders.ts';
import type { Answer, Client } from './client.ts';
import type { EndOfDay } from './till-closed.ts';
import type { History } from './till-history.ts';
import { milli, sum, takenBy } from './till-model.ts';
import { codeOf, isAcknowledged, type Journal, learn, resend, type Sent } from './till-run.ts';
import type { Till, TillShop } from './till-shop.ts';
import { fingerprint } from './world.ts';

/** A run that is over: the shop, what its tills did, and what the server shows now. */
export type Run = {
  shop: TillShop;
  journal: Journal;
  orders: Order[];
  items: InventoryItem[];
  db: pg.Client;
  heard: EventEnvelope[];
  /** The last event before the tills began. */
  joinedAt: number;
  history: History;
  endOfDay: EndOfDay;
  /** Drawers that were counted while no till worked; `hasLoose`: not all in them are coins of the step. */
  counts: { shiftId: string; hasLoose: boolean }[];
  /** Says that a run came to something worth counting. */
  seen(what: string): void;
};

/** Every page of a list. */
export async function allOf<T>(client: Client, path: string): Promise<T[]> {
  const found: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body }: { body: { data: T[]; nextCursor: string | null } } = await client.get(
      `${path}?limit=200${cursor ? `&cursor=${cursor}` : ''}`,
    );
    found.push(...body.data);
    cursor = body.nextCursor;
  }
  return found;
}

const placed = ({ sent }: Journal) =>
  sent.filter(({ command, ...each }) => {
    const isNew = command.do === 'place' || command.do === 'offline';
    return isNew && isAcknowledged({ command, ...each });
  });

/** Each acknowledged order exists exactly once, as it was last acknowledged. */
export async function checkOrders({ shop, journal, orders }: Run): Promise<void> {
  const acknowledged = placed(journal).map(({ request }) => String(request.body.id));
  expect(orders.map(({ id }) => id).sort()).to.deep.equal([...new Set(acknowledged)].sort());
  const check = async (order: Order) => {
    expect(order, 'what the list shows').to.deep.equal(journal.orders.get(order.id));
    const { body } = await shop.manager.get(`${shop.path}/orders/${order.id}`);
    learn(journal, body);
    expect(body, 'what the order shows').to.deep.equal(order);
  };
  await Promise.all(orders.map(check));
  for (const { request, answers } of placed(journal)) {
    const made = answers.filter(({ status }) => status === 201);
    expect(made, `times that ${request.body.id} was made`).to.have.length(1);
  }
}

/** Of what the kitchen has had, which is wasted; the last one is of a line that became smaller without a word. */
const VOID_REASONS = ['wrong table', 'spilt', 'Quantity reduced'];

/** Stock is what it was, with every acknowledged effect; what is denied below zero never was, but for offline orders. */
export async function checkStock(run: Run): Promise<void> {
  const { shop, journal, orders, items } = run;
  const taken = orders.map((order) => takenBy(order, shop));
  for (const [n, { id, start }] of shop.items.entries()) {
    const item = items.find((known) => known.id === id) as InventoryItem;
    const movements = await allOf<StockMovement>(shop.manager, `${shop.path}/inventory/${id}/movements`);
    const booked = journal.sent.filter(
      (each) => isAcknowledged(each) && each.request.path.endsWith(`/inventory/${id}`),
    );
    const isBooking = ({ reason }: StockMovement) => ['count', 'purchase', 'waste'].includes(reason);
    const isOfVoid = ({ note }: StockMovement) => VOID_REASONS.some((reason) => reason === note);
    const bookings = movements.filter((each) => isBooking(each) && !isOfVoid(each));
    const wasted = movements.filter((each) => each.reason === 'waste' && isOfVoid(each));
    expect(bookings.map((each) => each.id).sort()).to.deep.equal(booked.map(idOf).sort());
    for (const { request } of booked) {
      if (request.body.adjust === undefined) continue;
      const movement = movements.find((each) => each.id === request.body.id);
      expect(movement?.quantity).to.equal(Number(request.body.adjust));
    }
    const effects =
      sum([...bookings, ...wasted].map(({ quantity }) => milli(quantity))) -
      sum(taken.map((each) => each[n] ?? 0));
    expect(milli(item.quantity), `${item.name}: start and effects`).to.equal(start * 1000 + effects);
    expect(milli(item.quantity), `${item.name}: movements`).to.equal(
      sum(movements.map(({ quantity }) => milli(quantity))),
    );
    if (item.policy === 'deny') await checkNeverBelowZero(run, item, start);
  }
}

const idOf = ({ request }: Sent) => String(request.body.id);

/** No transaction takes an item below zero, or further below, unless it brings an order that was made offline. */
async function checkNeverBelowZero({ shop, db, heard }: Run, item: InventoryItem, start: number) {
  const { rows } = await db.query('SELECT seq::int, xmin::text AS tx FROM events WHERE shop_id = $1', [
    shop.id,
  ]);
  const txOf = new Map<number, string>(rows.map(({ seq, tx }) => [seq, tx]));
  const offline = new Set(
    heard.flatMap(({ seq, type, data }) =>
      type === 'order_created' && (data as Order).receivedAt !== null ? [txOf.get(seq)] : [],
    ),
  );
  /** The level that each transaction left, in the order of commits. */
  const levels = new Map<string, number>();
  for (const { seq, type, data } of heard) {
    if (type !== 'inventory_updated' || (data as InventoryItem).id !== item.id) continue;
    levels.set(txOf.get(seq) as string, milli((data as InventoryItem).quantity));
  }
  let before = milli(start);
  for (const [tx, level] of levels) {
    const isBelow = level < 0 && level < before && !offline.has(tx);
    expect(isBelow, `${item.name} from ${before} to ${level} thousandths`).to.equal(false);
    before = level;
  }
}

/** Orders, credit notes and each day's tokens are numbered 1, 2, 3 …; nobody calls out what was sold offline. */
export async function checkNumbers({ shop, orders }: Run): Promise<void> {
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
  const sorted = (numbers: number[]) => numbers.sort((a, b) => a - b);
  const numbersOf = (texts: string[], form: RegExp) =>
    sorted(texts.map((text) => Number(form.exec(text)?.[1])));
  const printed = numbersOf(
    orders.map(({ orderNumber }) => orderNumber),
    new RegExp(`^${shop.code}/2627/(\\d{6})$`),
  );
  expect(printed).to.deep.equal(upTo(orders.length));
  const called = Map.groupBy(
    orders.filter(({ receivedAt }) => receivedAt === null),
    ({ businessDate }) => businessDate,
  );
  for (const [day, ofDay] of called) {
    const tokens = sorted(ofDay.map(({ tokenNumber }) => tokenNumber ?? 0));
    expect(tokens, `tokens of ${day}`).to.deep.equal(upTo(ofDay.length));
  }
  const offline = orders.filter(({ receivedAt }) => receivedAt !== null);
  expect(offline.filter(({ tokenNumber }) => tokenNumber !== null)).to.deep.equal([]);
  const notes = orders.flatMap(({ refunds }) => refunds.map(({ creditNoteNumber }) => creditNoteNumber));
  expect(numbersOf(notes, new RegExp(`^${shop.code}/C2627/(\\d{5})$`))).to.deep.equal(upTo(notes.length));
}

/** What a retry may be told of what was done: the same, or that it can't be done again. */
const REFUSED = ['version_conflict', 'order_closed', 'day_closed'];

/** Sending everything that was acknowledged once more, one after the other, changes nothing. */
export async function checkRetries({ shop, journal, db }: Run): Promise<void> {
  const before = await fingerprint(db, shop.id);
  const done = journal.sent.filter((each) => each.request.isKeyed && isAcknowledged(each));
  for (const { request, till, answers } of done) {
    const answer = await resend(shop.tills[till] as Till, request);
    const what = `${request.method} ${request.path} ${JSON.stringify(request.body)}: ${answer.text}`;
    if (answer.status < 300) {
      expect(answer.status, what).to.equal(200);
      expect(answers.map(subjectOf), what).to.include(subjectOf(answer));
      continue;
    }
    expect(REFUSED, what).to.include(codeOf(answer));
  }
  expect(await fingerprint(db, shop.id)).to.deep.equal(before);
}

/** What a response is about; a Z report is about its shift. */
const subjectOf = ({ body }: Answer): string => body.id ?? body.shift?.id;

/** The feed has every change once, in order, without a gap; applying it gives exactly what GET gives. */
export async function checkFeed({ shop, orders, items, db, journal, heard, joinedAt }: Run): Promise<void> {
  const { rows } = await db.query(
    // What is kept for the audit alone is not in the feed.
    "SELECT seq::int, type, data - 'audit' AS data FROM events WHERE shop_id = $1 AND seq > $2 ORDER BY seq",
    [shop.id, joinedAt],
  );
  expect(heard.map(({ seq }) => seq)).to.deep.equal(heard.map((_, n) => joinedAt + n + 1));
  expect(heard.map(({ seq, type, data }) => ({ seq, type, data }))).to.deep.equal(rows);
  const known = new Map<string, unknown>();
  const versions = new Map<string, number>();
  for (const { type, data } of heard) {
    const { id, version } = data as { id: string; version: number };
    if (type === 'order_created') expect(versions.has(id), `${id} made twice`).to.equal(false);
    if (type === 'order_updated') expect(version, `version of ${id}`).to.be.above(versions.get(id) as number);
    if (type.startsWith('order_')) {
      versions.set(id, version);
      expect(journal.states.get(`${id} version ${version}`), 'what the till was told').to.deep.equal(data);
    }
    known.set(id, data);
  }
  for (const order of orders) expect(known.get(order.id)).to.deep.equal(order);
  for (const item of items) if (known.has(item.id)) expect(known.get(item.id)).to.deep.equal(item);
  expect(versions.size).to.equal(orders.length);
}
