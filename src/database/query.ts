import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';

/**
 * Runs one SQL statement with bound parameters (`$1` …), inside the entity manager's transaction if it has one.
 * The ORM's own `execute` writes values into the text; here they travel apart from it.
 */
export async function query<Row>(
  em: EntityManager,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const executor = em.getTransactionContext() ?? em.getConnection().getClient();
  const result = await executor.executeQuery(CompiledQuery.raw(sql, [...parameters]));
  return result.rows as Row[];
}
