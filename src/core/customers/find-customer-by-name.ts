import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { severalCalled } from '../choices.ts';
import type { Context } from '../context.ts';
import { phoneIn } from './find-customers.ts';
import { hashPhone } from './sealed-contact.ts';

const FIND = `
  SELECT id, name FROM customers
  WHERE shop_id = $1 AND (id::text = lower($2) OR lower(name) = lower($2) OR phone_hash = $3) ORDER BY name, id LIMIT 20`;

/**
 * The id of a customer by their id, phone number or name in any letter case, as the command line names them. Throws `not_found`,
 * `invalid_request` (several). Names nobody else: what a command prints may stand in a log.
 */
export async function findCustomerByName(
  { app, em }: Pick<Context, 'app' | 'em'>,
  shopId: string,
  which: string,
): Promise<string> {
  const word = which.trim();
  const phone = await phoneIn(em, shopId, word, '/customer').catch(ignoreNoPhone);
  const hash = phone === null ? null : hashPhone(app.keys, shopId, phone);
  const found = await query<{ id: string; name: string }>(em, FIND, [shopId, word, hash]);
  const [only] = found;
  if (only && found.length === 1) return only.id;
  if (only) throw severalCalled('customer', word, found);
  throw new ProblemError('not_found', {
    detail: `No customer has the id, phone number or name ${word}.`,
  });
}

/** It is a name or an id then. */
function ignoreNoPhone(error: unknown): null {
  if (error instanceof ProblemError && error.code === 'invalid_request') return null;
  throw error;
}
