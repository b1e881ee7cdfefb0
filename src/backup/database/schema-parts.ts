import type { Client } from 'pg';

/**
 * Statements that drop and recreate indexes and constraints. Loading without them and building them
 * afterwards, as pg_restore does, takes a third of the time. Checks and defaults stay, as they cost next to
 * nothing.
 */
export type SchemaParts = { drop: string[]; make: string[] };

// Foreign keys are dropped first and recreated last: they need the unique keys of the tables they reference.
const FOREIGN_KEYS = `
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
  FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace
    AND conrelid <> 'pgmigrations'::regclass ORDER BY conrelid::regclass::text, conname`;

const KEYS = `
  SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop,
    format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS make
  FROM pg_constraint WHERE contype IN ('p', 'u', 'x') AND connamespace = 'public'::regnamespace
    AND conrelid <> 'pgmigrations'::regclass ORDER BY conrelid::regclass::text, contype, conname`;

const INDEXES = `
  SELECT format('DROP INDEX %s', i.indexrelid::regclass) AS drop, pg_get_indexdef(i.indexrelid) AS make
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'pgmigrations'
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
  ORDER BY i.indexrelid::regclass::text`;

/** Reads the indexes and constraints that can be dropped while the tables are loaded. */
export async function readSchemaParts(client: Client): Promise<SchemaParts> {
  const parts: SchemaParts = { drop: [], make: [] };
  const groups: { drop: string; make: string }[][] = [];
  for (const sql of [FOREIGN_KEYS, INDEXES, KEYS]) groups.push((await client.query(sql)).rows);
  const [foreignKeys = [], indexes = [], keys = []] = groups;
  parts.drop = [...foreignKeys, ...indexes, ...keys].map(({ drop }) => drop);
  parts.make = [...keys, ...indexes, ...foreignKeys].map(({ make }) => make);
  return parts;
}
