import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../../database/query.ts';
import { coveredOf } from '../../payments/sql/covered.ts';

/** A customer with what their bills add up to, in the words of the wire. */
export type CustomerRow = {
  id: string;
  shopId: string;
  phoneSealed: Buffer;
  emailSealed: Buffer | null;
  addressSealed: Buffer | null;
  name: string;
  notes: string;
  version: number;
  createdAt: string;
  updatedAt: string;
  visits: number;
  spent: string;
  owes: string;
  lastVisitAt: string | null;
};

type Filter = {
  id?: string;
  phoneHash?: Buffer;
  search?: string | undefined;
  /** The last one of the page before. */
  after?: { name: string; id: string } | null;
  limit: number;
};

const inUtc = (time: string) => `to_char(${time} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

// The page is cut first, so that bills are added up for those alone that are shown.
const SELECT_CUSTOMERS = `
  WITH page AS (
    SELECT * FROM customers
    WHERE shop_id = $1
      AND ($2::uuid IS NULL OR id = $2)
      AND ($3::bytea IS NULL OR phone_hash = $3)
      AND ($4::text IS NULL OR strpos(lower(name), lower($4)) > 0)
      AND ($5::text IS NULL OR (name, id) > ($5, $6::uuid))
    ORDER BY name, id LIMIT $7
  )
  SELECT c.id, c.shop_id AS "shopId", c.phone_sealed AS "phoneSealed", c.email_sealed AS "emailSealed",
         c.address_sealed AS "addressSealed", c.name, c.notes, c.version, ${inUtc('c.created_at')} AS "createdAt",
         ${inUtc('c.updated_at')} AS "updatedAt", bills.visits, bills.spent::text AS spent,
         bills.owes::text AS owes, ${inUtc('bills.last_visit_at')} AS "lastVisitAt"
  FROM page c CROSS JOIN LATERAL (
    SELECT count(*)::int AS visits, coalesce(sum(o.total - o.refunded), 0.00) AS spent, max(o.created_at) AS last_visit_at,
           coalesce(sum(o.total - ${coveredOf('o')}) FILTER (WHERE o.payment_status <> 'completed'), 0.00) AS owes
    FROM orders o
    WHERE o.shop_id = c.shop_id AND o.customer_id = c.id AND o.status NOT IN ('open', 'voided')
  ) bills
  ORDER BY c.name, c.id`;

/** Customers by name, with their figures: one statement, however many there are. */
export async function selectCustomers(
  em: EntityManager,
  shopId: string,
  { id, phoneHash, search, after, limit }: Filter,
): Promise<CustomerRow[]> {
  return await query<CustomerRow>(em, SELECT_CUSTOMERS, [
    shopId,
    id ?? null,
    phoneHash ?? null,
    search ?? null,
    after?.name ?? null,
    after?.id ?? null,
    limit,
  ]);
}
