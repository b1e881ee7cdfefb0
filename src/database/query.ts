import { AsyncLocalStorage } from 'node:async_hooks';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { EntityManager } from '@mikro-orm/postgresql';
import { CompiledQuery } from 'kysely';
import pg from 'pg';

/**
 * Statement text → the name under which each connection prepares it. PostgreSQL then plans a statement once a
 * connection instead of once a call, which for the sale's own statement is most of its time.
 */
const statementNames = new Map<string, string>();
/** Texts are constants of this program, a few dozen; were they ever built from values, this would say so. */
const MAX_STATEMENTS = 500;

/**
 * Runs one SQL statement with bound parameters (`$1` …), inside the entity manager's transaction if it has one.
 * The ORM's own `execute` writes values into the text; here they travel apart from it. `sql` must be a constant.
 */
export async function query<Row>(
  em: EntityManager,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  if (!statementNames.has(sql)) nameStatement(sql);
  const executor = em.getTransactionContext() ?? em.getConnection().getClient();
  const result = await executor.executeQuery(CompiledQuery.raw(sql, [...parameters]));
  return result.rows as Row[];
}

/** The row of a statement that always has one, such as a sum over whatever there is. */
export async function queryRow<Row>(
  em: EntityManager,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row> {
  const [row] = await query<Row>(em, sql, parameters);
  if (!row) throw new Error('A statement that always has a row gave none.');
  return row;
}

function nameStatement(sql: string): void {
  if (statementNames.size >= MAX_STATEMENTS)
    throw new Error('Statements are built from values: bind them instead.');
  statementNames.set(sql, createHash('sha256').update(sql).digest('hex').slice(0, 32));
}

const patience = new AsyncLocalStorage<number>();

/** Lets the statements of `work` take so many milliseconds each, where the usual time is too short. */
export const patiently = <T>(ms: number, work: () => Promise<T>): Promise<T> => patience.run(ms, work);

const BEGIN = /^(begin|start transaction)\b/;

/** A connection that prepares what comes through `query`, and sends everything else as it is. */
export class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: pg overloads `query` a dozen ways; only the text's own name is added
  override query(...given: any[]): any {
    const [text, values, ...rest] = given;
    const name = typeof text === 'string' ? statementNames.get(text) : undefined;
    if (text === 'rollback') return this.#rollBack(super.query(text));
    // biome-ignore lint/suspicious/noExplicitAny: as above
    const send = super.query as (...all: any[]) => any;
    const query_timeout = patience.getStore();
    const sent = name
      ? send.call(this, { name, text, values, ...(query_timeout && { query_timeout }) }, ...rest)
      : send.apply(this, given);
    const answered = sent?.catch ? sent.catch((error: Error) => this.#endIfMute(error)) : sent;
    return BEGIN.test(text) ? this.#begin(answered) : answered;
  }

  /** Gives a connection that could not begin back to the pool, to be thrown away: Kysely never does, and its place would be lost. */
  async #begin(begun: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    try {
      return await begun;
    } catch (error) {
      (this as { release?: (isBroken: boolean) => void }).release?.(true);
      throw error;
    }
  }

  /**
   * Throws the error again. When PostgreSQL's own limit on a statement would have answered long ago, nobody is there: the
   * connection is ended first, so that the pool doesn't give it to the next one who asks.
   */
  async #endIfMute(error: Error): Promise<never> {
    if (error.message === 'Query read timeout') {
      const { stream } = (this as unknown as { connection: { stream: Socket } }).connection;
      const closed = stream.destroyed ? undefined : once(stream, 'close');
      stream.destroy();
      await closed;
    }
    throw error;
  }

  /**
   * What can't be rolled back over a connection that broke is rolled back by PostgreSQL. It must not fail: Kysely gives a
   * connection back to the pool only after a rollback that worked, and with one less each time nothing would be left.
   */
  async #rollBack(rollback: Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    try {
      return await rollback;
    } catch {
      // The pool throws away what has ended.
      void this.end().catch(() => {});
      return { command: 'ROLLBACK', rowCount: null, oid: 0, fields: [], rows: [] };
    }
  }
}
