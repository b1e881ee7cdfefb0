import type { EntityManager } from '@mikro-orm/postgresql';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../../app.ts';
import { formatMilli, formatMinor, parseMilli } from '../../contract/money.ts';
import type { Order } from '../../contract/orders.ts';
import { parse } from '../../contract/parse.ts';
import { Id } from '../../contract/primitives.ts';
import { ProblemError } from '../../contract/problem.ts';
import { NewRefund } from '../../contract/refunds.ts';
import { findDevice } from '../../core/devices/find-devices.ts';
import { findOrderByNumber } from '../../core/orders/find-order-by-number.ts';
import { previewRefund, type RefundPreview, refundOrder } from '../../core/orders/refund-order.ts';
import { showOrder } from '../../core/orders/show-order.ts';
import { findShift } from '../../core/shifts/find-shifts.ts';
import { askFirst } from '../ask-first.ts';
import { type AtShop, atShop } from '../at-shop.ts';
import { type Command, ORDER_ARGUMENT, SHOP_OPTION, type Shell, YES_OPTION } from '../command.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { formatMoney } from '../output/format.ts';
import { orderText } from '../output/order-text.ts';

export const orderRefund: Command = {
  name: 'order refund',
  summary: 'Give back all that is left of a bill, or some of its lines, under a credit note',
  arguments: [ORDER_ARGUMENT],
  options: [
    SHOP_OPTION,
    { flags: '--reason <text>', description: 'why, for the credit note and the audit', required: true },
    {
      flags: '--lines <lines>',
      description: 'only these, by their numbers in order show: 1,3 or 1=2,3=0.5 for some of each',
    },
    { flags: '--method <method>', description: 'how it goes back: cash, card, upi, wallet or other' },
    {
      flags: '--payments <list>',
      description: 'by several methods: cash=50,card (the one without: the rest)',
    },
    { flags: '--any-method', description: 'with --payments: more by one than was paid by it' },
    { flags: '--with-tip', description: 'the tips, too, with the last of a bill' },
    { flags: '--restock', description: 'the goods go back on the shelf' },
    { flags: '--id <id>', description: 'a UUID of your own: the same refund again is given once' },
    YES_OPTION,
  ],
  example: 'smoocho order refund PIZA/2015/000001 --shop PIZA --lines 1 --reason "it was cold"',
  async run(shell, { shop: code, lines: words, yes, ...options }, [which = '']) {
    const wanted = readLines(words as string | undefined);
    const asked = { ...bodyOf(options), id: options.id ?? uuidv7() };
    // Wrong words are refused before anything is opened.
    const whole = parse(NewRefund, asked);
    const { id } = whole;
    await atShop(shell, code, async ({ app, shop, context }) => {
      const orderId = await findOrderByNumber(context.em, shop.id, which);
      const before = await showOrder(context, shop.id, orderId);
      const body = wanted ? parse(NewRefund, { ...asked, lines: linesOf(before, wanted, id) }) : whole;
      let agreed: RefundPreview | undefined;
      if (shell.isInteractive && !yes) {
        shell.show(`${orderText(before, shop)}\n`);
        agreed = await askWhatGoesBack(shell, { shop, context }, orderId, body);
      }
      // After the question in a context of its own, which has read nothing yet.
      const fresh = systemContext(app, 'cli');
      const { order } = await refundOrder(fresh, shop.id, orderId, body, agreed).catch(refuseChanged);
      shell.say(...describeRefund(order, body.id, shop.currency));
      shell.give(order);
    });
    return undefined;
  },
};

/** Asks with the amount, the methods and the drawer, and returns what was agreed to. Throws RefusedError for no. */
async function askWhatGoesBack(
  shell: Shell,
  { shop, context }: Pick<AtShop, 'shop' | 'context'>,
  orderId: string,
  body: NewRefund,
): Promise<RefundPreview | undefined> {
  const preview = await previewRefund(context, shop.id, orderId, body);
  if (!preview) return undefined;
  const drawer = await drawerName(context.em, shop.id, preview.shiftId);
  await askFirst(shell, false, `${describeBack(preview, drawer, shop.currency)} Refund it?`);
  return preview;
}

/** Maps `version_conflict`, where order or drawer changed while the question was open, to RefusedError. Rethrows the rest. */
function refuseChanged(error: unknown): never {
  if (error instanceof ProblemError && error.code === 'version_conflict')
    throw new RefusedError(error.message);
  throw error;
}

async function drawerName(em: EntityManager, shopId: string, shiftId: string | null): Promise<string | null> {
  if (shiftId === null) return null;
  const { deviceId } = (await findShift(em, shopId, shiftId)).shift;
  if (deviceId == null) return 'the main drawer';
  const id = Id.safeParse(deviceId);
  return `the drawer of ${id.success ? (await findDevice(em, shopId, id.data)).name : deviceId}`;
}

/** Describes the refund in sentences. `drawer` is the name of the drawer that pays cash; null without an open shift. */
export function describeBack(
  { payments, totalMinor }: Pick<RefundPreview, 'payments' | 'totalMinor'>,
  drawer: string | null,
  currency: string,
): string {
  const money = (minor: number) => `${formatMoney(formatMinor(minor), currency)} ${currency}`;
  if (payments.length === 0) return `No money goes back: ${money(totalMinor)} less is owed.`;
  const ways = payments.map(({ method, amountMinor, tipMinor }) => {
    const tip = tipMinor > 0 ? ` and a tip of ${money(tipMinor)}` : '';
    const from = drawer === null ? '' : ` out of ${drawer}`;
    return `${money(amountMinor)}${tip} ${method === 'cash' ? `in cash${from}` : `by ${METHODS[method]}`}`;
  });
  const isUncounted = drawer === null && payments.some(({ method }) => method === 'cash');
  const note = isUncounted ? ' No shift is open that counts this cash: it is in no drawer’s report.' : '';
  return `This gives back ${ways.join(', ')}.${note}`;
}

const METHODS = { cash: 'cash', card: 'card', upi: 'UPI', wallet: 'wallet', other: 'another way' };

function describeRefund(order: Order, refundId: string, currency: string): string[] {
  const money = (amount: string) => formatMoney(amount, currency);
  return order.refunds
    .filter(({ id }) => id === refundId)
    .map(({ creditNoteNumber, payments }) => {
      const ways = payments.map(({ amount, tip, method }) => {
        const tips = /[1-9]/.test(tip) ? ` and a tip of ${money(tip)}` : '';
        return `${money(amount)}${tips} by ${method}`;
      });
      const back = ways.length > 0 ? ways.join(', ') : 'no money goes back, less is owed';
      return `${order.orderNumber}: credit note ${creditNoteNumber}, ${back}.`;
    });
}

type Options = Record<string, unknown>;

const bodyOf = ({ reason, method, payments, anyMethod, withTip, restock }: Options) => ({
  reason,
  method,
  ...(payments !== undefined && { payments: pairsOf(payments as string).map(toPayment) }),
  anyMethod,
  withTip,
  restock,
});

const toPayment = ([method, amount]: Pair) => (amount === undefined ? { method } : { method, amount });

type Pair = [name: string, value: string | undefined];

/** `cash=50,card` → each name with its value. */
const pairsOf = (text: string): Pair[] =>
  text.split(',').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [name.trim(), value.length === 0 ? undefined : value.join('=').trim()];
  });

type WantedLine = { number: number; quantity: string | undefined };

function readLines(text: string | undefined): WantedLine[] | undefined {
  return text === undefined
    ? undefined
    : pairsOf(text).map(([name, quantity]) => {
        if (!/^[1-9]\d{0,3}$/.test(name))
          throw new UsageError(
            `--lines takes numbers of lines, like 1,3 or 1=2; ${name || 'nothing'} is none.`,
          );
        return { number: Number(name), quantity };
      });
}

/**
 * Lines by their number on the bill. Without a quantity, what came back in no other refund, so that the same words say the same
 * again. Throws UsageError.
 */
function linesOf({ items, orderNumber, refunds }: Order, wanted: WantedLine[], refundId: string) {
  const others = refunds.filter((refund) => refund.id !== refundId);
  return wanted.map(({ number, quantity }) => {
    const item = items[number - 1];
    if (!item) throw new UsageError(`${orderNumber} has lines 1 to ${items.length}, and no ${number}.`);
    const back = others
      .flatMap(({ lines }) => lines)
      .filter(({ lineId }) => lineId === item.id)
      .reduce((sum, line) => sum + milliOf(line.quantity), 0);
    const left = Math.max(0, milliOf(item.quantity) - back);
    // If nothing is left, ask for the whole line: the refusal then says why.
    return { lineId: item.id, quantity: quantity ?? (left > 0 ? formatMilli(left) : item.quantity) };
  });
}

const milliOf = (quantity: number) => parseMilli(String(quantity)) ?? 0;
