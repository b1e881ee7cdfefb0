import type { EntityManager } from '@mikro-orm/postgresql';
import { Order } from '../order.entity.ts';

/** SQL expressions for the columns that the new order's JSON doesn't have; `o` is that JSON as a record. */
export type OtherColumns = Readonly<Record<string, string>>;

/** Columns that take their defaults in a new order. */
const DEFAULTED = new Set(['version', 'void_reason', 'refunded', 'reviewed_by', 'reviewed_at']);

/** `payment_method` → `paymentMethod`, the column's name in the API. */
const wireName = (column: string) => column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Without lengths and scales, which the table checks. */
const recordType = (columnType: string) =>
  columnType.replace(/^varchar\(\d+\)$/, 'text').replace(/^numeric\(.*\)$/, 'numeric');

/**
 * Derives the columns of `orders` from the entity: the names to insert, the expressions to select, and the definition of the
 * record that the JSON of a new order is read as.
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
