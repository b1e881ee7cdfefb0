import type { Client } from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import { copyTarget, inTime, type TableShape } from './copy-out.ts';

export type CopyIn = {
  /** Resolves when PostgreSQL takes more. Throws what it says of rows that it can't take, DatabaseUnreachableError. */
  write(rows: Uint8Array): Promise<void>;
  /** How many rows it took. */
  end(): Promise<number>;
};

/**
 * Fills a table that was emptied in the same transaction: PostgreSQL then need not log the rows (with `wal_level = minimal`), nor
 * ever look at them again to see that everybody may (`FREEZE`).
 */
export function copyIn(client: Client, table: TableShape): CopyIn {
  const stream: CopyStreamQuery & { rowCount?: number } = client.query(
    copyFrom(`${copyTarget(table)} FROM STDIN WITH (FREEZE)`),
  );
  let failure: Error | undefined;
  let refuse: ((error: Error) => void) | undefined;
  stream.on('error', (error) => {
    failure ??= error;
    refuse?.(failure);
  });
  // After a fault the stream calls nobody back.
  const untilDone = (begin: (done: (error?: Error | null) => void) => void) =>
    inTime(
      new Promise<void>((resolve, reject) => {
        if (failure) return reject(failure);
        refuse = reject;
        begin((error) => (error ? reject(failure ?? error) : resolve()));
      }),
    );
  return {
    write: (rows) => untilDone((done) => stream.write(rows, done)),
    async end() {
      await untilDone((done) => stream.end(done));
      return stream.rowCount ?? 0;
    },
  };
}
