import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeRunFolder } from './run-folder.ts';
import { removeFolder } from './temp.ts';

/**
 * Suites that hold the program to times, or load the machine so that others would miss theirs: they run when the others are
 * done, one after the other.
 */
const ALONE = [
  'test/faults/feed.test.ts',
  'test/security/login-timing.test.ts',
  'test/server/hostile-sockets.test.ts',
];
/** The longest of the others begin first, so that none of them is left over at the end. */
const FIRST = [
  'test/security/fuzz.test.ts',
  'test/server/hostile-input.test.ts',
  'test/cli/every-command.test.ts',
  'test/faults/backup-lost.test.ts',
  'test/faults/backup-kills.test.ts',
  'test/cli/restore.test.ts',
  'test/cli/schedule.test.ts',
  // On a new machine this one and images-s3 wait for the S3 servers to be built.
  'test/cli/images.test.ts',
  'test/cli/start.test.ts',
  'test/cli/workers.test.ts',
  'test/cli/upgrade.test.ts',
  'test/faults/standby.test.ts',
  'test/cli/wizard.test.ts',
  'test/storage/hostile-pictures.test.ts',
  'test/server/images-s3.test.ts',
  'test/faults/backup-disk.test.ts',
  'test/security/crafted-archives.test.ts',
  'test/server/presence.test.ts',
  'test/server/images-killed.test.ts',
  'test/cli/init.test.ts',
  'test/backup/pizza-year.test.ts',
  'test/security/pin.test.ts',
  'test/cli/backup.test.ts',
  'test/backup/restore.test.ts',
  'test/server/properties.test.ts',
  'test/server/permissions.test.ts',
  'test/faults/backup-load.test.ts',
  'test/security/rotate-load.test.ts',
  'test/backup/undo.test.ts',
  'test/security/rotate.test.ts',
  'test/security/leaks.test.ts',
  'test/cli/rented-database.test.ts',
  'test/faults/backup-damage.test.ts',
  'test/security/leaks-commands.test.ts',
  'test/cli/https.test.ts',
  'test/server/https.test.ts',
  'test/cli/user.test.ts',
  'test/cli/status.test.ts',
  'test/server/leases.test.ts',
  'test/security/at-once.test.ts',
  'test/client/outbox.test.ts',
  'test/cli/commands.test.ts',
];
/** Three more than there are cores, up to a point: most suites wait for a process or the database a third of their time. */
const JOBS = Math.min(5, availableParallelism() + 3);

type Count = { passes: number; failures: number; pending: number };

/**
 * A quarter less processor time: V8 begins with 1 MiB for young objects, which a suite fills all the time, and collects in threads
 * that wait for the same two cores. Suites that are held to times run as the program does.
 */
const BUSY = ['--min-semi-space-size=16', '--single-threaded-gc'];
const MOCHA = fileURLToPath(import.meta.resolve('mocha/bin/mocha.js'));

/** Runs suites in a process of their own; its count goes to a file that this process reads. */
async function run(counts: string, flags: string[], files: string[], options: string[]): Promise<number> {
  // Its workers get the same flags.
  const mocha = spawn(process.execPath, [...flags, MOCHA, ...options, ...files], {
    stdio: 'inherit',
    env: {
      ...process.env,
      TEST_COUNTS: counts,
      TMPDIR: folder,
      // Hundreds of commands are started: each finds the program compiled.
      NODE_COMPILE_CACHE: join(folder, 'compiled'),
      // Thousands of passwords are hashed in 46 MiB each: in pages of 4 KiB, getting them takes a third of the time.
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    },
  });
  const [code] = (await once(mocha, 'exit')) as [number | null];
  return code ?? 1;
}

const all = globSync('test/**/*.test.ts').map((file) => file.replaceAll('\\', '/'));
const missing = [...ALONE, ...FIRST].filter((file) => !all.includes(file));
if (missing.length > 0) throw new Error(`test/support/run.ts names what is not there: ${missing.join(', ')}`);
const together = [...FIRST, ...all.filter((file) => ![...ALONE, ...FIRST].includes(file)).sort()];

const folder = makeRunFolder();
const counts = join(folder, 'counts');
const codes = [
  await run(counts, BUSY, together, ['--parallel', '--jobs', String(JOBS)]),
  await run(counts, [], ALONE, []),
];
// One that could not even begin has counted nothing, and has said why.
const lines = existsSync(counts) ? readFileSync(counts, 'utf8').trim().split('\n') : [];
removeFolder(folder);
// A part without a count did not come to its end, whatever its exit code.
const isWhole = lines.length === codes.length;
if (!isWhole) console.error('A part of the tests ended before it had counted.');
const sum = (key: keyof Count) => lines.reduce((total, line) => total + (JSON.parse(line) as Count)[key], 0);
const skipped = sum('pending') > 0 ? `, ${sum('pending')} skipped` : '';
console.log(`${sum('passes')} passed, ${sum('failures')} failed${skipped}`);
process.exitCode = codes.some((code) => code !== 0) || !isWhole ? 1 : 0;
