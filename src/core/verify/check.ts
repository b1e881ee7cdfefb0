import type { EntityManager } from '@mikro-orm/postgresql';
import { query } from '../../database/query.ts';
import type { Kept } from '../audit/kept-heads.ts';
import type { Services } from '../context.ts';

/** Something that is not as it should be, in a sentence; `subject` is the bill, the item or the series it is about. */
export type Fault = { subject: string; detail: string };

/**
 * What a check found: how many things it looked at, how many are wrong, and the first of those. `notes` are sentences on
 * what is right and has to be accounted for all the same.
 */
export type Found = { checked: number; wrong: number; faults: Fault[]; notes?: string[] };

export type VerifyContext = {
  app: Services;
  em: EntityManager;
  /** The head of the audit's chain that this machine kept, read before the moment that is looked at. */
  keptHead: Kept;
};

/** A warning is about data that an earlier version took: it stays, and somebody should look at it. */
export type Severity = 'problem' | 'warning';

export type Check = {
  name: string;
  /** A problem unless it says otherwise. */
  severity?: Severity;
  /** What holds in a sound shop, for people. */
  holds: string;
  /** What is counted: `bills`, `items`. */
  counts: string;
  look(context: VerifyContext, shopId: string): Promise<Found>;
};

/** Named one by one up to here; whoever has more of them needs the first few. */
export const MAX_FAULTS = 100;

/**
 * A check in SQL. `$1` is the shop, `$2` and so on come from `parameters`. `checked` selects one count, `faults` selects
 * `subject` and `detail`, `notes` selects `note` in display order.
 */
export type SqlCheck = Omit<Check, 'look'> & {
  checked: string;
  faults: string;
  notes?: string;
  parameters?: (context: VerifyContext, shopId: string) => Promise<unknown[]>;
};

/** One statement that counts everything and names the first faults, so that both are of one moment. */
export function sqlCheck({ checked, faults, notes, parameters, ...check }: SqlCheck): Check {
  const noted = notes
    ? `, (SELECT coalesce(json_agg(note), '[]') FROM (SELECT note FROM (${notes}) n LIMIT ${MAX_FAULTS}) first) AS notes`
    : '';
  const statement = `
    WITH fault AS MATERIALIZED (${faults})
    SELECT (${checked})::int AS checked, (SELECT count(*) FROM fault)::int AS wrong, (
      SELECT coalesce(json_agg(json_build_object('subject', subject, 'detail', detail)), '[]')
      FROM (SELECT subject, detail FROM fault ORDER BY subject, detail LIMIT ${MAX_FAULTS}) first) AS faults${noted}`;
  return {
    ...check,
    async look(context, shopId) {
      const more = (await parameters?.(context, shopId)) ?? [];
      const [found] = await query<Found>(context.em, statement, [shopId, ...more]);
      if (!found) throw new Error('A count over no rows is still a row.');
      return found;
    },
  };
}
