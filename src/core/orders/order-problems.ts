import { fieldProblem } from '../../contract/problem.ts';
import type { Order } from './order.entity.ts';

/** Problems that several actions share. */

export const NEVER_ON_MENU = 'This product was never on the menu.';

/** Of what was deleted, and of what the menu has switched off for now; they follow a name. */
export const GONE = 'is not on the menu any more';
export const NOT_NOW = 'is not available at the moment';

export const takenLineId = () =>
  fieldProblem('order_conflict', '/items', 'have a line id that another order has');

export const takenNumber = () => fieldProblem('order_conflict', '/orderNumber', 'is on another bill already');

export const takenVoidId = () =>
  fieldProblem('order_conflict', '/voidItems', 'have a void id that another void has');

/** `list` is the field of the request with the id. */
export const takenPaymentId = (list: 'payments' | 'returnPayments' = 'payments') =>
  fieldProblem('order_conflict', `/${list}`, 'have a payment id that another payment has');

export const unknownDebtor = () =>
  fieldProblem(
    'invalid_request',
    '/payLater',
    'A bill on the book needs to say who owes it: send customerName or customerPhone.',
  );

export const onTheBook = ({ orderNumber }: Order) =>
  fieldProblem(
    'order_status',
    '/payLater',
    `Order ${orderNumber} is on the book and the goods are out. Take the money for it instead.`,
  );
