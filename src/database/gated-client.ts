import type pg from 'pg';
import { type CommitGate, CommitWaitError, type GatedConnection, ReadOnlyError } from './commit-gate.ts';
import { PreparingClient } from './query.ts';
import { breakOff } from './watch-server.ts';

/** The function of PostgreSQL that waits for a standby; it warns when it gives up. Its texts are translated, its name is not. */
const WAIT = 'SyncRepWaitForLSN';
const READ_ONLY_TRANSACTION = '25006';

/** A connection that reports a commit as done only once the synchronous standby has confirmed it. */
export function gatedClient(gate: CommitGate): typeof pg.Client {
  return class GatedClient extends PreparingClient implements GatedConnection {
    #isCut = false;
    #isUnconfirmed = false;

    constructor(config?: string | pg.ClientConfig) {
      super(config);
      this.once('connect', () => gate.add(this));
      this.once('end', () => gate.remove(this));
      // An administrator cancelled the wait: PostgreSQL then reports success for what the standby may not have.
      this.on('notice', ({ routine }) => {
        if (routine === WAIT) this.#isUnconfirmed = true;
      });
    }

    get backend(): number | null {
      return (this as unknown as { processID: number | null }).processID;
    }

    cut(): void {
      this.#isCut = true;
      breakOff(this);
    }

    // biome-ignore lint/suspicious/noExplicitAny: pg overloads `query` a dozen ways; only its promise is looked at
    override query(...given: any[]): any {
      const sent = super.query(...given);
      return sent?.then ? sent.then(this.#requireConfirmed, this.#explain) : sent;
    }

    #requireConfirmed = <T>(result: T): T => {
      if (!this.#isUnconfirmed) return result;
      this.#isUnconfirmed = false;
      throw new CommitWaitError();
    };

    #explain = (error: unknown): never => {
      // It failed anyway; the rollback after it must not.
      this.#isUnconfirmed = false;
      if (this.#isCut) throw new CommitWaitError({ cause: error });
      throw (error as { code?: unknown }).code === READ_ONLY_TRANSACTION ? this.#refused(error) : error;
    };

    /** PostgreSQL refuses writes alike on a standby, while the gate is closed, and when an administrator has set it so. */
    #refused(error: unknown): unknown {
      if (gate.isClosed) return new ReadOnlyError('closed', { cause: error });
      gate.onReadOnly();
      return gate.isStandby ? new ReadOnlyError('standby', { cause: error }) : error;
    }
  };
}
