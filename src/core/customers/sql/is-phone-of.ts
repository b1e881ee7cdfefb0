import { query } from '../../../database/query.ts';
import type { Context } from '../../context.ts';
import { hashPhone } from '../sealed-contact.ts';

const IS_PHONE_OF = 'SELECT FROM customers WHERE shop_id = $1 AND id = $2 AND phone_hash = $3';

/** Whether a customer has this phone number (E.164). */
export async function isPhoneOf(
  { app, em }: Pick<Context, 'app' | 'em'>,
  shopId: string,
  customerId: string,
  phone: string,
): Promise<boolean> {
  const rows = await query(em, IS_PHONE_OF, [shopId, customerId, hashPhone(app.keys, shopId, phone)]);
  return rows.length > 0;
}
