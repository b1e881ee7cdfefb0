import { ProblemError } from '../../contract/problem.ts';
import { refusalOf } from '../../database/pg-errors.ts';

type ShortItem = { name: string; unit: string; left: string };

/** Turns the refusal of a statement that moved stock into `out_of_stock`, naming each item and what is left of it. */
export async function asOutOfStock<T>(statement: Promise<T>): Promise<T> {
  try {
    return await statement;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.problem !== 'out_of_stock') throw error;
    const short = refusal.detail as ShortItem[];
    throw new ProblemError('out_of_stock', {
      detail: `Not enough stock of ${short.map((item) => `${item.name} (${leftOf(item)})`).join(', ')}.`,
      errors: short.map((item) => ({ pointer: '/items', detail: `${item.name}: ${leftOf(item)}` })),
    });
  }
}

/** "1.500" reads better as 1.5; what is below zero already is nothing. */
const leftOf = ({ left, unit }: ShortItem) =>
  `${left.startsWith('-') ? 0 : left.replace(/\.?0+$/, '')} ${unit} left`;
