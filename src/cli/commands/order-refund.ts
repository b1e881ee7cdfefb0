import { v7 as uuidv7 } from 'uuid';
import { formatMilli, parseMilli } from '../../contract/money.ts';
import type { Order } from '../../contract/orders.ts';
import { parse } from '../../contract/parse.ts';
import { NewRefund } from '../../contract/refunds.ts';
import { findOrderByNumber } from '../../core/orders/find-order-by-number.ts';
import { refundOrder } from '../../core/orders/refund-order.ts';
import { showOrder } from '../../core/orders/show-order.ts';
import { askFirst } from '../ask-first.ts';
import { atShop } from '../at-shop.ts';
import { type Command, ORDER_ARGUMENT, SHOP_OPTION, YES_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
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
    await atShop(shell, code, async ({ shop, context }) => {
      const orderId = await findOrderByNumber(context.em, shop.id, which);
      const before = await showOrder(context, shop.id, orderId);
      const body = wanted ? parse(NewRefund, { ...asked, lines: linesOf(before, wanted, id) }) : whole;
      if (shell.isInteractive && !yes) shell.show(`${orderText(before, shop)}\n`);
      await askFirst(shell, yes, wanted ? 'Refund these lines?' : 'Refund all that is left of it?');
      const { order } = await refundOrder(context, shop.id, orderId, body);
      shell.say(...describeRefund(order, body.id, shop.currency));
      shell.give(order);
    });
    return undefined;
  },
};

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
