import type pg from 'pg';
import { watchedTables } from './world.ts';

/**
 * Writes down every change to what `fingerprint` looks at, as it is committed: what is rolled back was none. Refusals may do
 * three things: count a wrong PIN, note when somebody was seen, and end the session whose refresh token was copied.
 */
export async function watchChanges(db: pg.Client): Promise<void> {
  await db.query(`
    CREATE SCHEMA watch;
    CREATE TABLE watch.changes (id bigserial PRIMARY KEY, name text, line jsonb);
    CREATE FUNCTION watch.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND to_jsonb(NEW)->>'end_reason' = 'reused' THEN
        RETURN NULL;
      END IF;
      IF TG_OP <> 'UPDATE'
        OR to_jsonb(OLD) - '{last_seen_at,pin_failures}'::text[] <> to_jsonb(NEW) - '{last_seen_at,pin_failures}'::text[] THEN
        INSERT INTO watch.changes (name, line)
        VALUES (TG_TABLE_NAME, CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END);
      END IF;
      RETURN NULL;
    END $$;`);
  for (const table of await watchedTables(db)) {
    await db.query(`
      CREATE TRIGGER watch AFTER INSERT OR UPDATE OR DELETE ON "${table}"
      FOR EACH ROW EXECUTE FUNCTION watch.note()`);
  }
}

export type Changes = { last: number; seen: { name: string; line: unknown }[] };

/** So many of them say enough about a request. */
const SHOWN = 5;

/** What changed after that one. */
export async function changesSince(db: pg.Client, last: number): Promise<Changes> {
  const { rows } = await db.query(
    'SELECT id::int, name, line FROM watch.changes WHERE id > $1 ORDER BY id DESC LIMIT $2',
    [last, SHOWN],
  );
  return { last: rows[0]?.id ?? last, seen: rows.map(({ name, line }) => ({ name, line })) };
}

/** Asks what changed since it was asked last. */
export function watcherOf(db: pg.Client): () => Promise<Changes['seen']> {
  let lastChange = 0;
  return async () => {
    const { last, seen } = await changesSince(db, lastChange);
    lastChange = last;
    return seen;
  };
}
