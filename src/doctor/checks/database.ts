import { TOLERANCE_MS } from '../../core/clock/watch-clock.ts';
import { count, formatSize } from '../../figures.ts';
import { type Check, check, listOf, ok, pathWord, problem, skipped, warning } from '../check.ts';

/** Left for an administrator, a backup and the schedule, beside those of the server. */
const SPARE_CONNECTIONS = 6;
const CLOSE = 'Close the file to others: `smoocho doctor --fix`';
/** No command takes a key out of a backup: a restore brings it, and with it the data of that day. */
const KEY_BACK =
  'Put back the file from a copy of this home. If there is none, restore the newest backup with the server stopped; it brings its keys along, and what was sold since is not in it: `smoocho restore FILE --identity RECOVERY-KEY-FILE`. To see which backups there are: `smoocho backup list`';

export const databaseChecks: Check[] = [
  check({
    id: 'database',
    of: 'connection',
    looksAt: 'whether the database can be reached',
    why: 'Nothing can be sold without it.',
    judge({ kind, address, problem: fault, isGone, newestBackup }) {
      if (fault === null)
        return ok(
          kind === 'embedded' ? 'The embedded PostgreSQL answers.' : `PostgreSQL at ${address} answers.`,
        );
      if (isGone)
        return problem(
          fault,
          `Mount or put back the folder. If it is lost, restore the newest backup: \`smoocho restore ${newestBackup ? pathWord(newestBackup) : 'FILE --identity RECOVERY-KEY-FILE'}\``,
        );
      return problem(
        fault,
        kind === 'embedded'
          ? 'Do what it names, then look again: `smoocho doctor`'
          : 'Start that PostgreSQL, or correct DATABASE_URL, then look again: `smoocho config check --connect`',
      );
    },
  }),
  check({
    id: 'database-version',
    of: 'database',
    looksAt: 'the version of PostgreSQL, and how much it holds',
    why: 'The server will not start on it.',
    judge: ({ version, isTooOld, oldestVersion, sizeBytes }) =>
      isTooOld
        ? problem(
            `This is PostgreSQL ${version}, and ${oldestVersion} is the oldest that works.`,
            'Upgrade PostgreSQL.',
          )
        : ok(`PostgreSQL ${version}, with ${formatSize(sizeBytes)}.`),
  }),
  check({
    id: 'database-role',
    of: 'database',
    looksAt: 'whether the role of DATABASE_URL may make tables, and the database takes writes',
    why: 'An upgrade of smoocho will be refused.',
    judge({ canCreate, isStandby }) {
      if (isStandby)
        return problem(
          'This PostgreSQL is a standby, which takes no writes.',
          'Set DATABASE_URL to the primary, or promote this one: `SELECT pg_promote()`',
        );
      return canCreate
        ? ok('The role may make tables.')
        : problem(
            'The role may not make tables.',
            'As the owner of the database: `GRANT CREATE ON SCHEMA public TO ROLE`',
          );
    },
  }),
  check({
    id: 'database-encoding',
    of: 'database',
    looksAt: 'the encoding of the database',
    why: 'Names in many scripts can not be written.',
    judge: ({ encoding }) =>
      encoding === 'UTF8'
        ? ok('UTF8.')
        : problem(
            `The encoding is ${encoding}.`,
            "Make another one, `CREATE DATABASE smoocho ENCODING 'UTF8' TEMPLATE template0`, and restore a backup into it: `smoocho restore FILE --into URL`",
          ),
  }),
  check({
    id: 'database-collation',
    of: 'database',
    looksAt: 'whether indexes were made with the sorting rules that the system has now',
    why: 'After an upgrade of the system, names may not be found that are there, and be given twice.',
    judge: ({ isCollationOld }) =>
      isCollationOld
        ? warning(
            'The system sorts texts by newer rules than the indexes were made with.',
            'With the server stopped, in psql: `REINDEX DATABASE` and `ALTER DATABASE NAME REFRESH COLLATION VERSION`',
          )
        : ok('Indexes and system agree.'),
  }),
  check({
    id: 'database-durability',
    of: 'database',
    looksAt: 'fsync, full_page_writes and synchronous_commit',
    why: 'A power cut would lose sales that were answered; the server will not start.',
    judge: ({ durabilityOff: off }) =>
      off.length === 0
        ? ok('fsync, full_page_writes and synchronous_commit are on.')
        : problem(
            `${listOf(off)} ${off.length === 1 ? 'is' : 'are'} off.`,
            `In psql: ${off.map((name) => `\`ALTER SYSTEM SET ${name} = on;\``).join(' ')} \`SELECT pg_reload_conf()\``,
          ),
  }),
  check({
    id: 'database-connections',
    of: 'database',
    looksAt: 'max_connections, what is open, and what the server takes',
    why: 'Without a free one, a request waits and then fails.',
    judge({ maxConnections, connections, poolSize }) {
      const have = `${connections} of ${maxConnections} are open; a server takes ${poolSize}.`;
      return maxConnections - connections < SPARE_CONNECTIONS || maxConnections < poolSize + SPARE_CONNECTIONS
        ? warning(
            have,
            'In psql: `ALTER SYSTEM SET max_connections = 100`, then restart PostgreSQL. Or see who has them: `SELECT * FROM pg_stat_activity`',
          )
        : ok(have);
    },
  }),
  check({
    id: 'standby',
    of: 'database',
    looksAt: 'the synchronous standby that PostgreSQL waits for',
    why: 'Nothing can be sold or changed until it confirms; tills keep their orders.',
    judge({ standby: { names, isMissing } }) {
      if (names.trim() === '') return skipped('No standby is named.');
      return isMissing
        ? problem(
            `${names} is named, and does not confirm.`,
            "Start the standby again; if it is lost: `ALTER SYSTEM SET synchronous_standby_names = ''; SELECT pg_reload_conf()`",
          )
        : ok(`${names} confirms.`);
    },
  }),
  check({
    id: 'replica',
    of: 'database',
    looksAt: 'the standby of DATABASE_REPLICA_URL',
    why: 'Reports are read from the primary, beside the sales.',
    judge({ hasReplica, replicaProblem }) {
      if (!hasReplica) return skipped('No replica is set.');
      return replicaProblem === null
        ? ok('The replica answers.')
        : warning(replicaProblem, 'Start the replica, or correct DATABASE_REPLICA_URL.');
    },
  }),
  check({
    id: 'schema',
    of: 'schema',
    looksAt: 'whether the tables are those of this version',
    why: 'The program and its tables have to fit.',
    judge({ applied, pending, unknown, isHalfRestored }) {
      if (isHalfRestored)
        return problem(
          'A restore into this database is under way, or was cut off.',
          'Let it end, or start it again: `smoocho restore FILE --into URL`',
        );
      if (unknown.length > 0)
        return problem(
          `A newer smoocho made it (${listOf(unknown)}).`,
          'Install that version, or a newer one.',
        );
      if (pending.length > 0)
        return problem(
          `${listOf(pending)} ${pending.length === 1 ? 'is' : 'are'} to come.`,
          '`smoocho migrate up`',
        );
      return ok(`${applied.at(-1)} is the newest.`);
    },
  }),
  check({
    id: 'clock-database',
    of: 'database',
    looksAt: 'the clock of this machine against that of the database',
    why: 'Orders of two servers would lie in the wrong order.',
    judge({ clockAheadMs }) {
      const seconds = Math.round(Math.abs(clockAheadMs) / 1000);
      const far = `This clock is ${count(seconds, 'second')} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} that of the database.`;
      return Math.abs(clockAheadMs) > TOLERANCE_MS
        ? warning(far, 'On both machines: `sudo timedatectl set-ntp true`')
        : ok(seconds === 0 ? 'The two clocks agree.' : far);
    },
  }),
  check({
    id: 'master-key',
    of: 'keys',
    looksAt:
      'the key that all other keys are wrapped with: there, closed to others, and the one of this database',
    why: 'Without it nobody can sign in, and phone numbers and addresses of customers can not be read.',
    judge({ name, isThere, isOpen, problem: fault, isCompared }) {
      if (fault !== null) return problem(fault, isOpen ? CLOSE : KEY_BACK);
      if (!isThere) return problem(`${name} is not there.`, KEY_BACK);
      return ok(isCompared ? `${name} is the one of this database.` : `${name} is there.`);
    },
  }),
  check({
    id: 'backup-key',
    of: 'keys',
    looksAt: 'the key with which this machine opens its own backups',
    why: 'Backups can not be read back or tried here.',
    judge: ({ backupKeyProblem, isBackupKeyOpen }) =>
      backupKeyProblem === null
        ? ok('Nothing is wrong with the backup key.')
        : problem(
            backupKeyProblem,
            isBackupKeyOpen
              ? CLOSE
              : 'Put back the file from a copy of this home; backups open with your recovery key, too.',
          ),
  }),
];
