import fc from 'fast-check';
import { ITEMS, MENU } from './till-menu.ts';

/**
 * What four tills do in a shop on two business days, as data: the same seed gives the same script. Orders, lines and items
 * are named by number, because which of them exist shows only while it runs.
 */
export type Script = {
  shop: ShopTerms;
  stock: number[];
  /** Whether the manager voids what is still parked when the first day ends. */
  clearsUp: boolean;
  /** Days, tills, commands. */
  days: Command[][][];
};

export type ShopTerms = {
  taxMode: 'inclusive' | 'exclusive';
  taxSplit: 'none' | 'gst';
  serviceCharge: string;
  rounding: {
    to: 'none' | '1.00' | '0.25' | '0.05';
    when: 'always' | 'cash';
    mode: 'nearest' | 'up' | 'down';
  };
  hasKitchen: boolean;
};

/** Once; again after the response; twice at the same time, as when a response is late; or a second time from the outbox. */
type Sending = 'once' | 'again' | 'twice' | 'outbox';
export type ScriptLine = { product: number; quantity: string; discount: string | null };

/** Who sends it: the cashier, the cashier with a manager's approval, or the manager. */
type By = 'cashier' | 'approval' | 'manager';

/** Which orders it is about: those that are still changed, or sold ones. */
export type Group = 'open' | 'sold';

export type OfflineSale = {
  lines: (ScriptLine & { listPrice: string | null })[];
  pay: Pay;
  placed: 'now' | 'yesterday' | 'long ago';
  /** The total that the till printed, if it says one. */
  printed: string | null;
};

export type Command = { send: Sending } & (
  | { do: 'place'; lines: ScriptLine[]; pay: Pay; discount: string | null; tip: string | null }
  | { do: 'offline'; sales: OfflineSale[] }
  | {
      do: 'edit';
      order: number;
      add: ScriptLine | null;
      change: { line: number; quantity: string } | null;
      drop: { line: number; isWhole: boolean } | null;
      /** Whether it names the version that it was made on: then a retry can't do it twice. */
      isGuarded: boolean;
    }
  /** Takes most of an order off, so that it can come to less than was paid on it. */
  | { do: 'shrink'; order: number }
  | {
      do: 'pay';
      order: number;
      share: 'rest' | 'shown' | 'half' | 'most' | 'note';
      method: 'cash' | 'card';
      tip: string | null;
    }
  | {
      do: 'giveBack';
      order: number;
      of: Group;
      payment: number;
      share: 'over' | 'half' | 'whole' | 'little';
      /** How as much is paid anew in the same request. */
      anew: 'cash' | 'card' | null;
      by: By;
    }
  | { do: 'correct'; order: number; of: Group; payment: number; method: 'cash' | 'card' | 'upi'; by: By }
  | { do: 'move'; order: number; to: 'preparing' | 'ready' | 'completed' }
  | { do: 'void'; order: number }
  | { do: 'refund'; order: number; lines: RefundPart[] | null; restock: boolean; inCash: boolean }
  /** Counts the open drawer, and mostly opens the next one. */
  | { do: 'drawer'; reopens: boolean }
  | { do: 'cash'; type: 'in' | 'out' }
  | { do: 'count'; item: number; count: string }
  | { do: 'adjust'; item: number; adjust: string; reason: 'purchase' | 'waste' }
);
export type RefundPart = { line: number; share: 1 | 2 | 3 };
export type Pay = (typeof PAYS)[number];

/** Whole by one method, a bank note, in two ways, a part, parked, on the book. */
const PAYS = ['cash', 'upi', 'note', 'split', 'part', 'none', 'later'] as const;

const quantity = fc.constantFrom('1', '2', '3', '0.5', '1.333');
const lineParts = {
  product: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, MENU.length - 1),
  quantity,
  discount: fc.option(fc.constantFrom('5', '12.5'), { freq: 4 }),
};
const line: fc.Arbitrary<ScriptLine> = fc.record(lineParts);
/** Of the orders that may be meant, counted back from the newest: tills meet on the same ones. */
const order = fc.nat(4);
const group = fc.constantFrom<Group>('open', 'sold');
const nth = fc.nat(3);
const tip = fc.option(fc.constantFrom('5.00', '12.34'), { freq: 2 });
const sending = fc.constantFrom<Sending>('once', 'once', 'again', 'twice');
const by = fc.constantFrom<By>('cashier', 'manager', 'approval');

const pays = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...PAYS) },
  { weight: 2, arbitrary: fc.constant('none' as const) },
);
const place = fc.record({
  do: fc.constant('place' as const),
  send: fc.constantFrom<Sending>('once', 'once', 'again', 'twice', 'outbox'),
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  pay: pays,
  // The last is above what a cashier may give; the others are not, with the line's own.
  discount: fc.option(fc.constantFrom('5', '5', '7.77', '7.77', '8', '33.3'), { freq: 2 }),
  tip,
});
const offlineSale: fc.Arbitrary<OfflineSale> = fc.record({
  lines: fc.array(
    fc.record({
      ...lineParts,
      product: fc.constantFrom(0, 1, 2, MENU.length - 1, MENU.length - 1),
      // As on the menu, or not: an old price, and one that is far off.
      listPrice: fc.constantFrom(null, null, '30.00', '7.01'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  pay: pays,
  placed: fc.constantFrom('now', 'now', 'yesterday', 'long ago'),
  printed: fc.option(fc.constantFrom('49.99', '120.00'), { freq: 3 }),
});
const offline = fc.record({
  do: fc.constant('offline' as const),
  send: sending,
  sales: fc.array(offlineSale, { minLength: 1, maxLength: 3 }),
});
const edit = fc.record({
  do: fc.constant('edit' as const),
  send: sending,
  order,
  add: fc.option(line, { freq: 2 }),
  change: fc.option(fc.record({ line: nth, quantity }), { freq: 2 }),
  drop: fc.option(fc.record({ line: nth, isWhole: fc.boolean() }), { freq: 2 }),
  isGuarded: fc.boolean(),
});
const shrink = fc.record({ do: fc.constant('shrink' as const), send: sending, order });
const pay = fc.record({
  do: fc.constant('pay' as const),
  send: sending,
  order,
  share: fc.constantFrom<'rest' | 'shown' | 'half' | 'most' | 'note'>(
    'rest',
    'shown',
    'half',
    'most',
    'note',
  ),
  method: fc.constantFrom('cash' as const, 'card' as const),
  tip,
});
const giveBack = fc.record({
  do: fc.constant('giveBack' as const),
  send: sending,
  order: fc.nat(2),
  of: group,
  payment: fc.nat(1),
  share: fc.constantFrom<'over' | 'half' | 'whole' | 'little'>('over', 'over', 'half', 'whole', 'little'),
  anew: fc.constantFrom(null, null, 'cash' as const, 'card' as const),
  by,
});
const correct = fc.record({
  do: fc.constant('correct' as const),
  send: sending,
  order: fc.nat(2),
  of: group,
  payment: fc.nat(1),
  method: fc.constantFrom('cash' as const, 'cash' as const, 'card' as const, 'upi' as const),
  by,
});
const move = fc.record({
  do: fc.constant('move' as const),
  send: sending,
  order,
  to: fc.constantFrom('preparing' as const, 'ready' as const, 'completed' as const),
});
const voiding = fc.record({ do: fc.constant('void' as const), send: sending, order });
const refund = fc.record({
  do: fc.constant('refund' as const),
  send: sending,
  order: fc.nat(1),
  lines: fc.option(
    // Often the same line again: what comes back in parts has to add up.
    fc.uniqueArray(
      fc.record({
        line: fc.constantFrom(0, 0, 0, 1, 2),
        share: fc.constantFrom(1 as const, 2 as const, 3 as const, 3 as const),
      }),
      {
        selector: (part) => part.line,
        minLength: 1,
        maxLength: 2,
      },
    ),
    { freq: 3 },
  ),
  restock: fc.constantFrom(true, true, false),
  // Whatever it was paid with.
  inCash: fc.boolean(),
});
const drawer = fc.record({
  do: fc.constant('drawer' as const),
  send: sending,
  reopens: fc.constantFrom(true, true, true, false),
});
const cash = fc.record({
  do: fc.constant('cash' as const),
  send: sending,
  type: fc.constantFrom('in' as const, 'out' as const),
});
const item = fc.nat(ITEMS.length - 1);
const count = fc.record({
  do: fc.constant('count' as const),
  send: sending,
  item,
  count: fc.constantFrom('0', '1', '7.5', '20'),
});
const adjust = fc.record({
  do: fc.constant('adjust' as const),
  send: sending,
  item,
  adjust: fc.constantFrom('-1', '-0.125', '2.5', '10'),
  reason: fc.constantFrom('purchase' as const, 'waste' as const),
});

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 7, arbitrary: place },
  { weight: 3, arbitrary: offline },
  { weight: 5, arbitrary: edit },
  { weight: 3, arbitrary: shrink },
  { weight: 5, arbitrary: pay },
  { weight: 4, arbitrary: giveBack },
  { weight: 4, arbitrary: correct },
  { weight: 2, arbitrary: move },
  { weight: 3, arbitrary: voiding },
  { weight: 5, arbitrary: refund },
  { weight: 1, arbitrary: drawer },
  { weight: 1, arbitrary: cash },
  { weight: 1, arbitrary: count },
  { weight: 1, arbitrary: adjust },
);
const till = fc.array(command, { minLength: 2, maxLength: 6, size: 'max' });
const day = fc.array(till, { minLength: 4, maxLength: 4 });

const terms: fc.Arbitrary<ShopTerms> = fc.record({
  taxMode: fc.constantFrom('inclusive', 'exclusive'),
  taxSplit: fc.constantFrom('none', 'gst'),
  serviceCharge: fc.constantFrom('0', '5', '7.5'),
  rounding: fc.record({
    to: fc.constantFrom('none', '1.00', '0.25', '0.05'),
    when: fc.constantFrom('always', 'cash'),
    mode: fc.constantFrom('nearest', 'nearest', 'up', 'down'),
  }),
  hasKitchen: fc.boolean(),
});

/** Stock is short in some shops, so that tills fight over the last of it. */
export const anyScript: fc.Arbitrary<Script> = fc.record({
  shop: terms,
  stock: fc.array(fc.constantFrom(1, 3, 10, 50), { minLength: ITEMS.length, maxLength: ITEMS.length }),
  clearsUp: fc.boolean(),
  days: fc.array(day, { minLength: 2, maxLength: 2 }),
});
