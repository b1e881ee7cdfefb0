import type { FieldPurpose, Keys } from './keys.ts';
import { open, seal } from './seal.ts';

/** Where a sealed field stands. `row` is the id of its row. */
export type FieldPlace = { table: string; column: string; row: string; purpose: FieldPurpose };

/** The first byte: how the rest is to be read. */
const FORMAT = 1;
/** As `newKeyId` makes them. */
const ID_BYTES = 12;

const placeOf = ({ table, column, row }: FieldPlace, keyId: string) =>
  JSON.stringify([FORMAT, keyId, table, column, row]);

/** A text, encrypted for its place in the database: the format, the key's id, and what `seal` gives. */
export function sealField(keys: Keys, place: FieldPlace, text: string): Buffer {
  const { id, key } = keys.fieldKey(place.purpose);
  const sealed = seal(key, Buffer.from(text), placeOf(place, id));
  return Buffer.concat([Buffer.of(FORMAT), Buffer.from(id), sealed]);
}

/** The text; null for what was changed, or moved here from another row, column or table: nothing may be made of it. */
export function openField(keys: Keys, place: FieldPlace, sealed: Buffer): string | null {
  const id = sealed.toString('latin1', 1, 1 + ID_BYTES);
  const key = sealed[0] === FORMAT ? keys.findFieldKey(place.purpose, id) : undefined;
  const plain = key && open(key, sealed.subarray(1 + ID_BYTES), placeOf(place, id));
  return plain?.toString() ?? null;
}
