import { migrationStatus, withClient } from '../../database/migrate.ts';
import { BackupRefusedError } from '../errors.ts';

// Ignore tables of extensions: they hold nobody's data.
const TABLES = `
  SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY n.nspname <> 'public', 1, 2`;

/**
 * Throws BackupRefusedError if the database has foreign tables: a restore replaces the whole database, and
 * drops the replaced one after seven days, or at once if it had no shop.
 */
export async function requireOwnDatabase(url: string): Promise<void> {
  const { applied } = await migrationStatus(url);
  const { rows } = await withClient(url, (client) => client.query<{ schema: string; name: string }>(TABLES));
  const isOurs = ({ schema, name }: { schema: string; name: string }) =>
    schema === 'public' && (applied.length > 0 || name === 'pgmigrations');
  const foreign = rows.find((table) => !isOurs(table));
  if (!foreign) return;
  throw new BackupRefusedError(
    `The database has a table that is not Smoocho’s, ${foreign.schema}.${foreign.name}, and would be replaced as a whole. Set DATABASE_URL to a database of its own, or restore into an empty one: --into URL. Nothing was changed.`,
  );
}
