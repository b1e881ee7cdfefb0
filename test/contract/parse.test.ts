import { expect } from 'chai';
import { z } from 'zod';
import { parse } from '../../src/contract/parse.ts';
import { ProblemError } from '../../src/contract/problem.ts';

const Body = z.strictObject({ name: z.string().max(5), list: z.array(z.number()).optional() });

/** What is said of a value that is refused. */
function refusalOf(value: unknown): { detail: string; errors: { pointer: string; detail: string }[] } {
  try {
    parse(Body, value);
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

  it('counts characters of a text, and not its size', () => {
    expect(refusalOf({ name: 'much too long' }).detail).to.equal('The name is longer than 5 characters.');
  });
});
