import type { Customer as CustomerView } from '../../contract/customers.ts';
import type { Keys } from '../keys/keys.ts';
import { type Contact, openContact, openPhone } from './sealed-contact.ts';
import type { CustomerRow } from './sql/select-customers.ts';

export function viewCustomer(keys: Keys, customer: CustomerRow): CustomerView {
  const contact = (field: Contact, sealed: Buffer | null) =>
    sealed && openContact(keys, customer.id, field, sealed);
  return {
    id: customer.id,
    shopId: customer.shopId,
    phone: openPhone(keys, customer.id, customer.phoneSealed),
    email: contact('email', customer.emailSealed),
    address: contact('address', customer.addressSealed),
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
