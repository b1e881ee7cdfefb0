import type { OrderFlag } from '../../contract/orders.ts';
import { type FieldPlace, openField, sealField } from '../keys/fields.ts';
import type { Keys } from '../keys/keys.ts';

/** What was typed as a phone number, and can't be read as one, is kept with its bill: nobody else knows who owes for it. */

const CODE = 'customer_unclear';

const placeOf = (orderId: string): FieldPlace => ({
  table: 'orders',
  column: 'typed_phone_sealed',
  row: orderId,
  purpose: 'customer',
});

/** Letters and digits but for the last three: an e-mail address or a name is typed there, too. */
const HIDDEN = /[\p{L}\p{M}\p{N}](?=(?:[^\p{L}\p{M}\p{N}]*[\p{L}\p{M}\p{N}]){3})/gu;
const sentence = (typed: string) => `"${typed}" was typed as the phone number.`;
const SENTENCE = /^"(.*)" was typed as the phone number\.$/s;

/** For everybody who sees the bill: enough to tell it from another one. */
export const unclearPhone = (typed: string): OrderFlag => ({
  code: CODE,
  detail: sentence(typed.replace(HIDDEN, '•')),
});

export const sealTypedPhone = (keys: Keys, orderId: string, typed: string): Buffer =>
  sealField(keys, placeOf(orderId), typed);

/** The flags with what was typed, for those who may see it; as they are where that does not open. */
export function withTypedPhone(
  keys: Keys,
  { id, flags }: { id: string; flags: OrderFlag[] },
  sealed: Buffer,
): OrderFlag[] {
  const typed = openField(keys, placeOf(id), sealed);
  if (typed === null) return flags;
  const hidden = unclearPhone(typed).detail;
  return flags.map((flag) =>
    flag.code === CODE && flag.detail === hidden ? { ...flag, detail: sentence(typed) } : flag,
  );
}

/** What was typed, out of the flags as they were written before it was sealed; null when there is nothing. */
export function typedIn(flags: OrderFlag[]): string | null {
  const details = flags.flatMap(({ code, detail }) => (code === CODE ? [detail] : []));
  const typed = details.map((detail) => SENTENCE.exec(detail)?.[1]);
  return typed.find((text) => text !== undefined) ?? null;
}

/** Such flags, with what was typed hidden. */
export const hideTyped = (flags: OrderFlag[]): OrderFlag[] =>
  flags.map((flag) => {
    const typed = flag.code === CODE ? SENTENCE.exec(flag.detail)?.[1] : undefined;
    return typed === undefined ? flag : unclearPhone(typed);
  });
