import type { Customer as CustomerView } from '../../contract/customers.ts';
import type { CustomerRow } from './sql/select-customers.ts';

export function viewCustomer(customer: CustomerRow): CustomerView {
  return {
    id: customer.id,
    shopId: customer.shopId,
    phone: customer.phone,
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
