/**
 * Whether this process may write. Closed while commits wait for a synchronous standby that is gone: that wait ends by no timeout,
 * and each commit would keep a connection until the standby is back.
 */
export type CommitGate = {
  readonly isClosed: boolean;
  /** Whether the database is known to be a standby, which refuses writes by itself. */
  isStandby: boolean;
  /** Called when PostgreSQL refused a write though the gate is open: the database may have become a standby. */
  onReadOnly(): void;
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

export const WRITES_CLOSED = 'WRITES_CLOSED';
export const DATABASE_IS_STANDBY = 'DATABASE_IS_STANDBY';

/** The database takes no changes now: this write was refused, and is not done. */
export class ReadOnlyError extends Error {
  override name = 'ReadOnlyError';
  readonly code: typeof WRITES_CLOSED | typeof DATABASE_IS_STANDBY;

  constructor(reason: 'closed' | 'standby', options?: ErrorOptions) {
    super(
      reason === 'standby'
        ? 'The database is a standby, which takes no changes.'
        : 'The database waits for its synchronous standby, so it takes no changes.',
      options,
    );
    this.code = reason === 'standby' ? DATABASE_IS_STANDBY : WRITES_CLOSED;
  }
}

export function createCommitGate(): CommitGate {
  let isClosed = false;
  const connections = new Set<GatedConnection>();
  return {
    get isClosed() {
      return isClosed;
    },
    isStandby: false,
    onReadOnly() {},
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
