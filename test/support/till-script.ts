import fc from 'fast-check';

/**
 * What four tills do in a shop, as data: the same seed gives the same script. Bills, lines and items are named by number,
 * for which of them are there shows only while it runs.
 */
export type Script = { shop: ShopTerms; stock: number[]; tills: Command[][] };

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

/** Once; again after the answer; or twice at the same time, as when an answer is late. */
type Sending = 'once' | 'again' | 'twice';
export type ScriptLine = { product: number; quantity: string; discount: string | null };

export type Command = { send: Sending } & (
  | { do: 'place'; lines: ScriptLine[]; pay: Pay; discount: string | null; tip: string | null }
  | {
      do: 'edit';
      bill: number;
      add: ScriptLine | null;
      change: { line: number; quantity: string } | null;
      drop: { line: number; isWhole: boolean } | null;
      /** Whether it names the version that it was made on: then a retry can't do it twice. */
      isGuarded: boolean;
    }
  | {
      do: 'pay';
      bill: number;
      share: 'rest' | 'shown' | 'half' | 'note';
      method: 'cash' | 'card';
      tip: string | null;
    }
  | { do: 'move'; bill: number; to: 'preparing' | 'ready' | 'completed' }
  | { do: 'void'; bill: number }
  | { do: 'refund'; bill: number; lines: RefundPart[] | null; restock: boolean; inCash: boolean }
  | { do: 'count'; item: number; count: string }
  | { do: 'adjust'; item: number; adjust: string; reason: 'purchase' | 'waste' }
);
export type RefundPart = { line: number; share: 1 | 2 | 3 };
type Pay = (typeof PAYS)[number];

/** Whole by one method, a bank note, in two ways, a part, parked, on the book. */
const PAYS = ['cash', 'upi', 'note', 'split', 'part', 'none', 'later'] as const;

/** The menu of every shop; parts name its items by number. Fractions make roundings of stock and money meet. */
export const MENU = [
  { name: 'Tea', price: '33.35', category: 'Drinks', taxClass: 'food', recipe: { 0: '0.125', 1: '1' } },
  { name: 'Cake', price: '70.10', category: 'Food', taxClass: 'sweet', recipe: { 1: '0.5', 2: '0.333' } },
  { name: 'Water', price: '20.00', category: 'Drinks', taxClass: 'food', recipe: {} },
  { name: 'Sample', price: '0.00', category: null, taxClass: null, recipe: { 0: '0.05' } },
] as const;

export const ITEMS = [
  { name: 'Milk', unit: 'litre', policy: 'deny', cost: '40.00' },
  { name: 'Sugar', unit: 'spoon', policy: 'warn', cost: '0.35' },
  { name: 'Flour', unit: 'kg', policy: 'deny', cost: '28.00' },
] as const;

const quantity = fc.constantFrom('1', '2', '3', '0.5', '1.333');
const line: fc.Arbitrary<ScriptLine> = fc.record({
  product: fc.constantFrom(0, 0, 0, 1, 1, 2, 3),
  quantity,
  discount: fc.option(fc.constantFrom('5', '12.5'), { freq: 4 }),
});
/** Of the bills that may be meant, counted back from the newest: tills meet on the same ones. */
const bill = fc.nat(4);
const nth = fc.nat(3);
const tip = fc.option(fc.constantFrom('5.00', '12.34'), { freq: 2 });
const sending = fc.constantFrom<Sending>('once', 'once', 'again', 'twice');

const place = fc.record({
  do: fc.constant('place' as const),
  send: sending,
  lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  pay: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...PAYS) },
    { weight: 2, arbitrary: fc.constant('none' as const) },
  ),
  // The last is above what a cashier may give; the others are not, with the line's own.
  discount: fc.option(fc.constantFrom('5', '5', '7.77', '7.77', '8', '33.3'), { freq: 2 }),
  tip,
});
const edit = fc.record({
  do: fc.constant('edit' as const),
  send: sending,
  bill,
  add: fc.option(line, { freq: 2 }),
  change: fc.option(fc.record({ line: nth, quantity }), { freq: 1 }),
  drop: fc.option(fc.record({ line: nth, isWhole: fc.boolean() }), { freq: 1 }),
  isGuarded: fc.boolean(),
});
const pay = fc.record({
  do: fc.constant('pay' as const),
  send: sending,
  bill,
  share: fc.constantFrom(
    'rest' as const,
    'shown' as const,
    'half' as const,
    'half' as const,
    'note' as const,
  ),
  method: fc.constantFrom('cash' as const, 'card' as const),
  tip,
});
const move = fc.record({
  do: fc.constant('move' as const),
  send: sending,
  bill,
  to: fc.constantFrom('preparing' as const, 'ready' as const, 'completed' as const),
});
const voiding = fc.record({ do: fc.constant('void' as const), send: sending, bill });
const refund = fc.record({
  do: fc.constant('refund' as const),
  send: sending,
  bill: fc.nat(1),
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
  { weight: 8, arbitrary: place },
  { weight: 9, arbitrary: edit },
  { weight: 6, arbitrary: pay },
  { weight: 2, arbitrary: move },
  { weight: 2, arbitrary: voiding },
  { weight: 7, arbitrary: refund },
  { weight: 1, arbitrary: count },
  { weight: 2, arbitrary: adjust },
);
const till = fc.array(command, { minLength: 4, maxLength: 14, size: 'max' });

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
  tills: fc.array(till, { minLength: 4, maxLength: 4 }),
});
