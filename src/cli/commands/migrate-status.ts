import { migrationStatus } from '../../app.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { openDatabaseFor } from '../open.ts';

export const migrateStatus: Command = {
  name: 'migrate status',
  summary: 'Show which migrations the database has; exit code 4 when it does not fit this program',
  options: [],
  example: 'smoocho migrate status --json',
  async run(shell) {
    const database = await openDatabaseFor(shell.config);
    try {
      const status = await migrationStatus(database.url);
      const line = (mark: string) => (name: string) => `${mark}  ${name}`;
      shell.print(
        ...[
          ...status.applied.filter((name) => !status.unknown.includes(name)).map(line('applied')),
          ...status.unknown.map(line('unknown')),
          ...status.pending.map(line('pending')),
          ...(status.isHalfRestored ? ['A restore into this database is under way, or was cut off.'] : []),
          ...(status.isStandby ? ['It is a standby, which takes no changes until it is promoted.'] : []),
        ],
      );
      shell.give(status);
      return status.pending.length + status.unknown.length === 0 && !status.isHalfRestored
        ? exitCodes.done
        : exitCodes.checkFoundProblems;
    } finally {
      await database.release();
    }
  },
};
