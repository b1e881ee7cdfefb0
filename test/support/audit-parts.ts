import { expect } from 'chai';
import type pg from 'pg';
import { startSealer } from '../../src/core/audit/sealer.ts';
import {
  findChains,
  type VerifiedChain,
  type VerifyOptions,
  verifyAudit,
} from '../../src/core/audit/verify-audit.ts';
import type { TestApp } from './app.ts';
import type { TestShop } from './factories.ts';

/** Seals all that is there, as a server does a moment later. */
export async function sealAll({ app }: TestApp): Promise<void> {
  const sealer = startSealer(app);
  await sealer.sealNow();
  await sealer.close();
}

/** What `smoocho audit verify` finds in a shop's chain, or with null in the installation's own. */
export async function verifyChainOf(
  { app }: TestApp,
  shopId: string | null,
  options: VerifyOptions = {},
): Promise<VerifiedChain> {
  const em = app.orm.em.fork();
  const all = await findChains({ app, em });
  const chains = all.filter(({ id, shop }) => (shopId === null ? shop === null : id === shopId));
  const [verified] = await verifyAudit({ app, em }, chains, options);
  if (!verified) throw new Error('There is no such chain.');
  return verified;
}

/** What stands in the security log of a shop, or of the installation. */
export async function logOf(db: pg.Client, chainId: string, type?: string) {
  const { rows } = await db.query(
    `SELECT seq::int, type, at, actor, device_id AS "deviceId", address, details FROM security_log
     WHERE chain_id = $1 AND ($2::text IS NULL OR type = $2) ORDER BY seq`,
    [chainId, type ?? null],
  );
  return rows;
}

/** The newest 200 records of a shop, as its owner gets them. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into records of any shape
export async function auditOf(shop: TestShop, query = ''): Promise<any[]> {
  const { status, body, text } = await shop.owner.get(`${shop.path}/audit?limit=200&${query}`);
  expect(status, text).to.equal(200);
  return body.data;
}
