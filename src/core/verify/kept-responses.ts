import { query } from '../../database/query.ts';
import { type KeptResponse, type KeyScope, responseHashOf } from '../idempotency/kept-responses.ts';
import { type Check, type Fault, MAX_FAULTS } from './check.ts';
import { keptResponseRows } from './sql/kept-responses.ts';

type Row = KeyScope & KeptResponse & { at: string; hash: string };

/** Rows that are read at a time: a response may be long. */
const BATCH = 500;

// Rows of before hashes were kept say nothing; they last for a day.
const HASHED = `
  SELECT scope_id AS "scopeId", user_id AS "userId", route, key, request_hash AS "requestHash", status, body,
    to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, response_hash AS hash
  FROM idempotency_keys
  WHERE scope_id = $1 AND response_hash IS NOT NULL AND (user_id, route, key) > ($2, $3, $4)
  ORDER BY user_id, route, key LIMIT ${BATCH}`;

const FIRST: Pick<KeyScope, 'userId' | 'route' | 'key'> = {
  userId: '00000000-0000-0000-0000-000000000000',
  route: '',
  key: '',
};

/** A response is kept in the transaction of what it says was done, and nobody changed it since, be it in the database itself. */
export const keptResponses: Check = {
  ...keptResponseRows,
  async look(context, shopId) {
    const { app, em } = context;
    const found = await keptResponseRows.look(context, shopId);
    const changed: Fault[] = [];
    let last = FIRST;
    let rows: Row[];
    do {
      rows = await query<Row>(em, HASHED, [shopId, last.userId, last.route, last.key]);
      for (const row of rows) {
        if (isAsWritten(row)) continue;
        changed.push({
          subject: row.key,
          detail: `The response to ${row.route} was changed in the database.`,
        });
      }
      last = rows.at(-1) ?? last;
    } while (rows.length === BATCH);
    return {
      checked: found.checked,
      wrong: found.wrong + changed.length,
      faults: [...found.faults, ...changed].slice(0, MAX_FAULTS),
    };

    function isAsWritten(row: Row): boolean {
      // Times are kept to the millisecond: one with more was not written by this program.
      if (!row.at.endsWith('000Z')) return false;
      return responseHashOf(app.keys, row, row, new Date(row.at)) === row.hash;
    }
  },
};
