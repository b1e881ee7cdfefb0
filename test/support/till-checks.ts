import { expect } from 'chai';
import type pg from 'pg';
import type { EventEnvelope } from '../../src/contract/events.ts';
import type { InventoryItem, StockMovement } from '../../src/contract/inventory.ts';
import type { Order } from '../../src/contract/orders.ts';
import { groupings } from '../../src/contract/reports.ts';
import type { Client } from './client.ts';
import { milli, minor, sum, sumsOf, takenBy } from './till-model.ts';
import { isAcknowledged, type Journal, learn, type Sent } from './till-run.ts';
import type { TillShop } from './till-shop.ts';
import { fingerprint } from './world.ts';

/** A run that is over: the shop, what its tills did, and what the server shows now. */
export type Run = { shop: TillShop; journal: Journal; bills: Order[]; items: InventoryItem[]; db: pg.Client };

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
  sent.filter((each) => each.command.do === 'place' && isAcknowledged(each));

/** (a) Each acknowledged order exists exactly once, as it was last acknowledged. */
export async function checkOrders({ shop, journal, bills }: Run): Promise<void> {
  const acknowledged = placed(journal).map(({ request }) => String(request.body.id));
  expect(bills.map(({ id }) => id).sort()).to.deep.equal([...new Set(acknowledged)].sort());
  for (const bill of bills) {
    expect(bill, 'what the list shows').to.deep.equal(journal.bills.get(bill.id));
    const { body } = await shop.manager.get(`${shop.path}/orders/${bill.id}`);
    learn(journal, body);
    expect(body, 'what the bill shows').to.deep.equal(bill);
  }
  for (const { request, answers } of placed(journal)) {
    const made = answers.filter(({ status }) => status === 201);
    expect(made, `times that ${request.body.id} was made`).to.have.length(1);
  }
}

/** Of what the kitchen has had, which is wasted; the last one is of a line that became smaller without a word. */
const VOID_REASONS = ['wrong table', 'spilt', 'Quantity reduced'];

/** (b) Stock is what it was, with every acknowledged effect; what is denied below zero never was. */
export async function checkStock(run: Run, feed: EventEnvelope[]): Promise<void> {
  const { shop, journal, bills, items } = run;
  const taken = bills.map((bill) => takenBy(bill, shop));
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
    if (item.policy !== 'deny') continue;
    const told = feed.filter(
      ({ type, data }) => type === 'inventory_updated' && (data as InventoryItem).id === id,
    );
    const levels = told.map(({ data }) => (data as InventoryItem).quantity);
    expect(Math.min(0, ...levels), `${item.name} below zero`).to.equal(0);
  }
}

const idOf = ({ request }: Sent) => String(request.body.id);

/** (c) Bills, tokens and credit notes are numbered 1, 2, 3 … */
export async function checkNumbers({ shop, bills }: Run): Promise<void> {
  const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
  const numbersOf = (texts: string[], form: RegExp) =>
    texts.map((text) => Number(form.exec(text)?.[1])).sort((a, b) => a - b);
  const printed = numbersOf(
    bills.map(({ orderNumber }) => orderNumber),
    new RegExp(`^${shop.code}/2627/(\\d{6})$`),
  );
  expect(printed).to.deep.equal(upTo(bills.length));
  expect(bills.map(({ tokenNumber }) => tokenNumber ?? 0).sort((a, b) => a - b)).to.deep.equal(
    upTo(bills.length),
  );
  const notes = bills.flatMap(({ refunds }) => refunds.map(({ creditNoteNumber }) => creditNoteNumber));
  expect(numbersOf(notes, new RegExp(`^${shop.code}/C2627/(\\d{5})$`))).to.deep.equal(upTo(notes.length));
}

/** (d) Reports, bills and lines agree, and so do what was handed over, what was paid and what was given back. */
export async function checkMoney({ shop, bills }: Run): Promise<void> {
  for (const bill of bills) {
    const of = (figure: 'subtotal' | 'discount' | 'serviceCharge' | 'tax' | 'total') =>
      sum(bill.items.map((line) => minor(line[figure])));
    for (const figure of ['subtotal', 'discount', 'serviceCharge', 'tax'] as const) {
      expect(minor(bill[figure]), `${figure} of ${bill.orderNumber}`).to.equal(of(figure));
    }
    expect(minor(bill.total), bill.orderNumber).to.equal(of('total') + minor(bill.rounding));
    const signed = ({ kind }: Order['payments'][number]) => (kind === 'return' ? -1 : 1);
    const paid = sum(bill.payments.map((each) => signed(each) * minor(each.amount)));
    const handedOver = sum(
      bill.payments.map((each) => signed(each) * (minor(each.tendered) - minor(each.tip))),
    );
    const paidOut = sum(bill.refunds.map((refund) => minor(refund.paidOut)));
    const covered = paid + minor(bill.refunded) - paidOut;
    expect(handedOver - minor(bill.change), `what was kept of ${bill.orderNumber}`).to.equal(paid);
    expect(bill.paymentStatus, bill.orderNumber).to.equal(
      covered === minor(bill.total) ? 'completed' : covered > 0 ? 'partial' : 'pending',
    );
    expect(minor(bill.toGiveBack), `what to give back of ${bill.orderNumber}`).to.equal(
      bill.status === 'voided' ? 0 : Math.max(0, covered - minor(bill.total)),
    );
    if (bill.status === 'completed' && !bill.payLater)
      expect(bill.toGiveBack, bill.orderNumber).to.equal('0.00');
    expect(minor(bill.refunded), `refunded of ${bill.orderNumber}`).to.equal(
      sum(bill.refunds.map(({ total }) => minor(total))),
    );
    const isLastInCash = bill.refunds.at(-1)?.method === 'cash';
    expect(paidOut).to.be.below(paid + (isLastInCash ? shop.stepMinor : 1));
    checkCoins(shop, bill);
  }
  await checkReports(shop, bills);
}

/** Cash changes hands in coins alone. */
function checkCoins({ stepMinor }: TillShop, { payments, refunds, orderNumber }: Order): void {
  const paid = payments.filter(({ method }) => method === 'cash');
  const figures = paid.flatMap(({ amount, tip, tendered, change }) => [amount, tip, tendered, change]);
  const back = refunds.filter(({ method }) => method === 'cash').map(({ paidOut }) => paidOut);
  const off = [...figures, ...back].filter((amount) => minor(amount) % stepMinor !== 0);
  expect(off, `cash of ${orderNumber} in steps of ${stepMinor}`).to.deep.equal([]);
}

async function checkReports(shop: TillShop, bills: Order[]): Promise<void> {
  const due = sumsOf(bills);
  for (const groupBy of groupings) {
    const { body } = await shop.manager.get(
      `${shop.path}/reports/sales?from=2026-01-01&to=2027-12-31&groupBy=${groupBy}`,
    );
    const { totals, groups } = body;
    const is = {
      orders: totals.orders,
      items: milli(totals.itemsSold),
      gross: minor(totals.gross),
      discount: minor(totals.discount),
      tax: minor(totals.tax),
      refunds: minor(totals.refunds),
      total: minor(totals.total),
    };
    expect(is, groupBy).to.deep.equal(due);
    const inGroups = sum(groups.map(({ total }: { total: string }) => minor(total)));
    expect(inGroups, groupBy).to.equal(due.total);
  }
}

/** What a retry may hear of what was done: the same, or that it was done already. */
const LATE = ['version_conflict', 'order_closed'];

/** (e) Sending everything that was acknowledged once more, one after the other, changes nothing. */
export async function checkRetries({ shop, journal, db }: Run): Promise<void> {
  const before = await fingerprint(db, shop.id);
  const done = journal.sent.filter((each) => each.request.isKeyed && isAcknowledged(each));
  for (const { request, till, answers } of done) {
    const answer = await shop.tills[till]?.[request.as][request.method](request.path, request.body);
    const what = `${request.method} ${request.path} ${JSON.stringify(request.body)}: ${answer?.text}`;
    if (answer && answer.status < 300) {
      expect(answer.status, what).to.equal(200);
      expect(
        answers.map(({ body }) => body.id),
        what,
      ).to.include(answer.body.id);
    } else {
      expect(LATE, what).to.include(String(answer?.body.type).replace('urn:smoocho:problem:', ''));
    }
  }
  expect(await fingerprint(db, shop.id)).to.deep.equal(before);
}

/** (f) The feed has every change once, in order, without a gap; applying it gives exactly what GET gives. */
export async function checkFeed(
  { shop, bills, items, db, journal }: Run,
  heard: EventEnvelope[],
  joinedAt: number,
): Promise<void> {
  const { rows } = await db.query(
    'SELECT seq::int, type, data FROM events WHERE shop_id = $1 AND seq > $2 ORDER BY seq',
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
  for (const bill of bills) expect(known.get(bill.id)).to.deep.equal(bill);
  for (const item of items) if (known.has(item.id)) expect(known.get(item.id)).to.deep.equal(item);
  expect(versions.size).to.equal(bills.length);
}
