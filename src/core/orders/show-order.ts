import type { Order as OrderView } from '../../contract/orders.ts';
import { isAtLeast } from '../../contract/users.ts';
import type { Context } from '../context.ts';
import { withTypedPhone } from '../customers/typed-phone.ts';
import { readOrder } from './find-orders.ts';
import { viewOrder } from './view-order.ts';

/** An order as somebody may see it: a phone number that could not be read is for managers. Throws `not_found`. */
export async function showOrder(
  { app, em, actor }: Context,
  shopId: string,
  orderId: string,
): Promise<OrderView> {
  const parts = await readOrder(em, shopId, orderId);
  const view = viewOrder(parts);
  if (actor.kind === 'user' && !isAtLeast(actor.role, 'manager')) return view;
  const sealed = parts.order.typedPhoneSealed;
  return sealed ? { ...view, flags: withTypedPhone(app.keys, view, Buffer.from(sealed)) } : view;
}
