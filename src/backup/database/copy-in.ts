import type { Client } from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import { copyTarget, inTime, type TableShape } from './copy-out.ts';

export type CopyIn = {
  /** Resolves when PostgreSQL takes more. Throws its error for rejected rows, DatabaseUnreachableError. */
  write(rows: Uint8Array): Promise<void>;
  /** Returns the number of rows loaded. */
  end(): Promise<number>;
};

/**
 * Loads rows into a table that was truncated in the same transaction. PostgreSQL then need not write them to
 * the WAL (with `wal_level = minimal`), nor visit them again to mark them visible (`FREEZE`).
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
  // After an error the stream calls no callback.
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
