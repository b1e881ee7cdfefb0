import { LockMode } from '@mikro-orm/core';
import type { CustomerChange, Customer as CustomerView } from '../../contract/customers.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { recordedActor, recordSecurity } from '../audit/record-security.ts';
import type { Context } from '../context.ts';
import { changed } from '../events/changed.ts';
import { transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import { Customer } from './customer.entity.ts';
import { findCustomer, phoneIn } from './find-customers.ts';
import { type Contact, sealContact, sealPhone } from './sealed-contact.ts';

/**
 * Changes the fields that `change` names. No event: the feed goes to every device, and how somebody is reached to those
 * alone that ask for it. Throws `not_found`, `version_conflict`, `already_exists`, `invalid_request` (the phone number).
 */
export async function updateCustomer(
  context: Context,
  shopId: string,
  customerId: string,
  change: CustomerChange,
): Promise<CustomerView> {
  try {
    return await transact(context, async ({ em, app, actor }) => {
      const lockMode = LockMode.PESSIMISTIC_WRITE;
      const customer = await em.findOne(Customer, { id: customerId, shopId }, { lockMode });
      if (!customer) throw new ProblemError('not_found', { detail: 'There is no such customer.' });
      const before = await findCustomer({ app, em }, shopId, customerId);
      checkVersion(change.version, before);
      if (change.phone !== undefined) {
        const phone = await phoneIn(em, shopId, change.phone, '/phone');
        const { hash, sealed } = sealPhone(app.keys, shopId, customerId, phone);
        customer.phoneHash = hash;
        customer.phoneSealed = sealed;
      }
      const sealed = (field: Contact, text: string | null) =>
        text === null ? null : sealContact(app.keys, customerId, field, text);
      if (change.email !== undefined) customer.emailSealed = sealed('email', change.email);
      if (change.address !== undefined) customer.addressSealed = sealed('address', change.address);
      customer.name = change.name ?? customer.name;
      customer.notes = change.notes ?? customer.notes;
      customer.updatedAt = app.now();
      await em.flush();
      const after = await findCustomer({ app, em }, shopId, customerId);
      // Only the names of what changed: a record stays for ever, and where somebody lives need not.
      const fields = ['phone', 'email', 'address', 'name', 'notes'].filter(
        (field) => field in changed(before, after),
      );
      const details = { customerId, fields };
      const who = recordedActor(actor);
      await recordSecurity(em, { type: 'customer_changed', shopId, at: app.now(), ...who, details });
      return after;
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'customers_phone_key')) throw error;
    throw fieldProblem('already_exists', '/phone', 'is the number of another customer');
  }
}
