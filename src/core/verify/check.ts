import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import type { Services } from '../context.ts';

/** Something that is not as it should be, in a sentence; `subject` is the bill, the item or the series it is about. */
export type Fault = { subject: string; detail: string };

/** What a check found: how many things it looked at, how many are wrong, and the first of those. */
export type Found = { checked: number; wrong: number; faults: Fault[] };

export type VerifyContext = { app: Services; em: EntityManager };

export type Check = {
  name: string;
  /** What holds in a sound shop, for people. */
  holds: string;
  /** What is counted: `bills`, `items`. */
  counts: string;
  look(context: VerifyContext, shopId: string): Promise<Found>;
};

/** Named one by one up to here; whoever has more of them needs the first few. */
export const MAX_FAULTS = 100;

/** A check in SQL; `$1` is the shop. `checked` selects one count, `faults` selects `subject` and `detail`. */
export type SqlCheck = Omit<Check, 'look'> & { checked: string; faults: string };

/** One statement that counts everything and names the first faults, so that both are of one moment. */
export function sqlCheck({ checked, faults, ...check }: SqlCheck): Check {
  const statement = `
    WITH fault AS MATERIALIZED (${faults})
    SELECT (${checked})::int AS checked, (SELECT count(*) FROM fault)::int AS wrong, (
      SELECT coalesce(json_agg(json_build_object('subject', subject, 'detail', detail)), '[]')
      FROM (SELECT subject, detail FROM fault ORDER BY subject, detail LIMIT ${MAX_FAULTS}) first) AS faults`;
  return {
    ...check,
    async look({ em }, shopId) {
      const [found] = await query<Found>(em, statement, [shopId]);
      if (!found) throw new Error('A count over no rows is still a row.');
      return found;
    },
  };
}
