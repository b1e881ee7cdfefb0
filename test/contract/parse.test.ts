import { expect } from 'chai';
import { z } from 'zod';
import { NewOrder, OrderChange } from '../../src/contract/orders.ts';
import { parse } from '../../src/contract/parse.ts';
import { Amount, PageQuery } from '../../src/contract/primitives.ts';
import { ProblemError } from '../../src/contract/problem.ts';
import { SettingsChange } from '../../src/contract/settings.ts';
import { Role } from '../../src/contract/users.ts';

const Body = z.strictObject({ name: z.string().max(5), list: z.array(z.number()).optional() });

/** What is said of a value that is refused. */
function refusalOf(
  value: unknown,
  schema: z.ZodType = Body,
): { detail: string; errors: { pointer: string; detail: string }[] } {
  try {
    parse(schema, value);
  } catch (error) {
    if (error instanceof ProblemError) return { detail: error.detail ?? '', errors: error.errors ?? [] };
    throw error;
  }
  throw new Error('It was taken.');
}

describe('what is said of a body that is refused', () => {
  const long = '~'.repeat(250_000);
  const many = (fields: number, value: unknown) =>
    Object.fromEntries(Array.from({ length: fields }, (_, n) => [`field ${n}`, value]));

  const bodies: [what: string, body: unknown][] = [
    ['a name of 250 KB with things in it that are not text', { [long]: many(50, '\0') }],
    ['a name of 250 KB that is no field', { [long]: 1 }],
    ['10,000 fields that there are not', many(10_000, 1)],
    ['10,000 fields whose names are not text', many(10_000, '\ud800')],
    ['10,000 elements of another type', { name: 'x', list: Array(10_000).fill('x') }],
  ];
  for (const [what, body] of bodies) {
    it(`is short, and fifty faults at most: ${what}`, () => {
      const { detail, errors } = refusalOf(body);
      expect(errors.length).to.be.within(1, 50);
      expect(JSON.stringify(errors).length).to.be.below(20_000);
      expect(detail.length).to.be.below(400);
    });
  }

  it('is one fault where it has more values than any that is right', () => {
    for (const body of [many(20_001, 1), { name: 'x', list: Array(20_000).fill(1) }]) {
      expect(refusalOf(body)).to.deep.equal({
        detail: 'The body has more than 20000 values in it.',
        errors: [{ pointer: '', detail: 'has more than 20000 values in it' }],
      });
    }
  });

  const missing: [what: string, schema: z.ZodType, pointer: string, detail: string][] = [
    ['the id of an order', z.strictObject({ id: NewOrder.shape.id }), '/id', 'The id is missing.'],
    ['a choice', z.strictObject({ role: Role }), '/role', 'The role is missing.'],
    ['an amount', z.strictObject({ amount: Amount }), '/amount', 'The amount is missing.'],
    ['a list', z.strictObject({ items: NewOrder.shape.items }), '/items', 'The items are missing.'],
  ];
  for (const [what, schema, pointer, detail] of missing) {
    it(`says of ${what} that it is missing, and not what it would have to be`, () => {
      expect(refusalOf({}, schema)).to.deep.equal({ detail, errors: [{ pointer, detail: 'is missing' }] });
    });
  }

  const sentences: [value: unknown, schema: z.ZodType, ...details: string[]][] = [
    [{ items: [] }, z.strictObject({ items: NewOrder.shape.items }), 'The items are empty.'],
    [{ voidItems: [] }, OrderChange, 'The void items are empty.'],
    [
      { list: Array(3).fill(1) },
      z.strictObject({ list: z.array(z.int()).max(2) }),
      'The list has more than 2 entries.',
    ],
    [{ list: [1] }, z.strictObject({ list: z.array(z.int()).min(2) }), 'The list has fewer than 2 entries.'],
    // Of another type and too long: once.
    [
      { items: 'x'.repeat(3_000) },
      z.strictObject({ items: NewOrder.shape.items }),
      'The items are not an array.',
    ],
    [
      { classes: [{ name: 5 }] },
      z.strictObject({ classes: z.array(Body) }),
      'The name of class 1 is not a string.',
    ],
    [{ status: 5 }, z.strictObject({ status: z.string() }), 'The status is not a string.'],
    ...[0.2, '0.20', true].map((to): [unknown, z.ZodType, string] => [
      { rounding: { to } },
      SettingsChange,
      'Round to none, 0.05, 0.10, 0.25, 0.50, 1.00, 5.00 or 10.00.',
    ]),
    [{ guests: 1.5 }, OrderChange, 'The guests are not a whole number.'],
    [
      { at: 'noon' },
      z.strictObject({ at: z.iso.datetime() }),
      'The value of at is not a time like 2026-01-31T18:30:00Z.',
    ],
  ];
  for (const [value, schema, detail] of sentences) {
    it(`is a sentence: ${detail}`, () => {
      expect(refusalOf(value, schema).detail).to.equal(detail);
    });
  }

  const limits: [limit: string, detail: string | null][] = [
    ['200', null],
    ['0200', null],
    ['1000', 'The limit is too large: at most 200.'],
    ['99999999999999999999', 'The limit is too large: at most 200.'],
    ['0', 'The limit is too small: at least 1.'],
    ['-5', 'The limit is too small: at least 1.'],
    ['-99999999999999999999', 'The limit is too small: at least 1.'],
    ['', 'The limit is not a whole number.'],
    ['ten', 'The limit is not a whole number.'],
    ['1e2', 'The limit is not a whole number.'],
    ['0x1f', 'The limit is not a whole number.'],
    ['1.5', 'The limit is not a whole number.'],
    [' 1', 'The limit is not a whole number.'],
    ['-0', 'The limit is not a whole number.'],
  ];
  for (const [limit, detail] of limits) {
    it(`says of a page of "${limit}" ${detail === null ? 'nothing' : `"${detail}"`}`, () => {
      if (detail === null) expect(PageQuery.parse({ limit }).limit).to.equal(200);
      else expect(refusalOf({ limit }, PageQuery).detail).to.equal(detail);
    });
  }

  it('counts characters of a text, and not its size', () => {
    expect(refusalOf({ name: 'much too long' }).detail).to.equal('The name is longer than 5 characters.');
  });
});
