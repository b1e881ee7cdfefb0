import type { Customer as CustomerView } from '../../contract/customers.ts';
import type { Keys } from '../keys/keys.ts';
import { openPhone } from './sealed-phone.ts';
import type { CustomerRow } from './sql/select-customers.ts';

export function viewCustomer(keys: Keys, customer: CustomerRow): CustomerView {
  return {
    id: customer.id,
    shopId: customer.shopId,
    phone: openPhone(keys, customer.id, customer.phoneSealed),
    name: customer.name,
    notes: customer.notes,
    visits: customer.visits,
    spent: customer.spent,
    owes: customer.owes,
    lastVisitAt: customer.lastVisitAt,
    version: customer.version,
    createdAt: customer.createdAt,
    updatedAt: customer.updatedAt,
  };
}
