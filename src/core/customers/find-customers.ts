import type { EntityManager } from '@mikro-orm/postgresql';
import type { Customer as CustomerView } from '../../contract/customers.ts';
import { ProblemError } from '../../contract/problem.ts';
import type { Context, Services } from '../context.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import { normalizePhone } from './phone.ts';
import { hashPhone } from './sealed-contact.ts';
import { selectCustomers } from './sql/select-customers.ts';
import { viewCustomer } from './view-customer.ts';

type ListFilter = {
  limit: number;
  cursor?: string | undefined;
  /** As people write it. */
  phone?: string | undefined;
  /** Part of the name. */
  search?: string | undefined;
};

/** A page of customers, by name. Throws `invalid_request` for what is no phone number. */
export async function listCustomers(
  { app: { keys }, em }: { app: Pick<Services, 'keys'>; em: EntityManager },
  shopId: string,
  { limit, cursor, phone, search }: ListFilter,
): Promise<Page<CustomerView>> {
  const [name, id] = (readCursor(cursor, ['string', 'uuid']) ?? []) as string[];
  const after = name !== undefined && id !== undefined ? { name, id } : null;
  const number = phone === undefined ? null : await phoneIn(em, shopId, phone, '/query/phone');
  const known = number === null ? {} : { phoneHash: hashPhone(keys, shopId, number) };
  const rows = await selectCustomers(em, shopId, { ...known, search, after, limit: limit + 1 });
  return cutPage(
    rows,
    limit,
    (row) => [row.name, row.id],
    (row) => viewCustomer(keys, row),
  );
}

/** Throws `not_found`. */
export async function findCustomer(
  { app, em }: Pick<Context, 'app' | 'em'>,
  shopId: string,
  customerId: string,
): Promise<CustomerView> {
  const [row] = await selectCustomers(em, shopId, { id: customerId, limit: 1 });
  if (!row) throw new ProblemError('not_found', { detail: 'There is no such customer.' });
  return viewCustomer(app.keys, row);
}

/** A number as it is dialled in the shop's country. Throws `invalid_request`, naming `pointer`. */
export async function phoneIn(
  em: EntityManager,
  shopId: string,
  phone: string,
  pointer: string,
): Promise<string> {
  return normalizePhone(phone, settingsOf(await findShop(em, shopId)).country, pointer);
}
