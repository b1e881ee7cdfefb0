/**
 * Whether this process may write. Closed while commits wait for a synchronous standby that is gone: that wait ends by no timeout,
 * and each commit would keep a connection until the standby is back.
 */
export type CommitGate = {
  readonly isClosed: boolean;
  /** From now on connections are read-only, so that a write fails at once, and reads go on. */
  close(): void;
  open(): void;
  /** Breaks those of this process's connections whose backends wait. Their statements throw CommitWaitError. */
  cut(backends: readonly number[]): void;
  /** Called by each connection of the pool, when it is made and when it ends. */
  add(connection: GatedConnection): void;
  remove(connection: GatedConnection): void;
};

export type GatedConnection = {
  /** Process id of its backend; null before it is connected. */
  readonly backend: number | null;
  cut(): void;
};

export const COMMIT_WAITS = 'COMMIT_WAITS';

/**
 * PostgreSQL does not confirm a commit, because its synchronous standby does not. The change is in the primary's log and stays
 * there, unless the primary is lost before the standby has it: nobody may be told that it is done.
 */
export class CommitWaitError extends Error {
  override name = 'CommitWaitError';
  /** The ORM makes errors of its own of those of a statement, with their fields. */
  readonly code = COMMIT_WAITS;

  constructor(options?: ErrorOptions) {
    super('The database waits for its synchronous standby, so the change is not confirmed.', options);
  }
}

export function createCommitGate(): CommitGate {
  let isClosed = false;
  const connections = new Set<GatedConnection>();
  return {
    get isClosed() {
      return isClosed;
    },
    close() {
      isClosed = true;
    },
    open() {
      isClosed = false;
    },
    cut(backends) {
      for (const connection of connections) {
        if (connection.backend !== null && backends.includes(connection.backend)) connection.cut();
      }
    },
    add(connection) {
      connections.add(connection);
    },
    remove(connection) {
      connections.delete(connection);
    },
  };
}
