import { verifyChain } from '../audit/verify-audit.ts';
import { findShop } from '../shops/find-shops.ts';
import type { Check } from './check.ts';

/** Nobody changed, removed or put in a record of what was done, be it in the database itself. */
export const auditChain: Check = {
  name: 'audit-chain',
  holds: 'The records of who did what are as they were sealed',
  counts: 'records',
  async look({ app, em, keptHead }, shopId) {
    const { id, code, name, timezone } = await findShop(em, shopId);
    const chain = { id, shop: { code, name, timezone } };
    const { records, wrong, faults } = await verifyChain({ app, em }, chain, keptHead);
    return { checked: records, wrong, faults: faults.map(({ subject, detail }) => ({ subject, detail })) };
  },
};
