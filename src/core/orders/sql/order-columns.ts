import type { EntityManager } from '@mikro-orm/postgresql';
import { Order } from '../order.entity.ts';

/** Columns of a new order that its draft doesn't have, as SQL expressions; `o` is the draft as a record. */
export type OtherColumns = Readonly<Record<string, string>>;

/** Columns that a new order leaves to their defaults. */
const DEFAULTED = new Set(['version', 'void_reason', 'refunded', 'reviewed_by', 'reviewed_at']);

/** `payment_method` → `paymentMethod`: what the wire calls a column. */
const wireName = (column: string) => column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Lengths and scales are the table's to check. */
const recordType = (columnType: string) =>
  columnType.replace(/^varchar\(\d+\)$/, 'text').replace(/^numeric\(.*\)$/, 'numeric');

/**
 * The columns of `orders` from the entity, the one description of them: the names to insert, the expressions to select,
 * and the definition of the record that a draft in the words of the wire is read as.
 */
export function orderColumns(
  em: EntityManager,
  others: OtherColumns,
): { names: string; values: string; record: string } {
  const columns = em
    .getMetadata(Order)
    .props.map(({ fieldNames, columnTypes }) => ({
      name: fieldNames[0] as string,
      type: columnTypes[0] as string,
    }))
    .filter(({ name }) => !DEFAULTED.has(name));
  return {
    names: columns.map(({ name }) => name).join(', '),
    values: columns.map(({ name }) => others[name] ?? `o."${wireName(name)}"`).join(', '),
    record: columns.map(({ name, type }) => `"${wireName(name)}" ${recordType(type)}`).join(', '),
  };
}
