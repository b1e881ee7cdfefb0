import { type App, requireNotFresh, SchemaError } from '../../app.ts';
import {
  needsSomebody,
  readStatusHere,
  readStatusInDatabase,
  type StatusHere,
  type StatusInDatabase,
} from '../../doctor/status.ts';
import type { Command, Shell } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { failureOf } from '../failure.ts';
import { openAppFor } from '../open.ts';
import { clockIn } from '../output/clock.ts';
import { showLive } from '../output/live-screen.ts';
import { type Clock, statusScreen } from '../output/status-screen.ts';
import { untilStopped } from '../stopping.ts';

/** Often enough to see a sale come in; a look is some milliseconds of the database's. */
const EVERY_MS = 3_000;

export const status: Command = {
  name: 'status',
  summary:
    'Show whether all is well: database, server, sales of today, backups; exit code 4 when there is a problem',
  options: [
    {
      flags: '--watch',
      description: `on a terminal: show it anew each ${EVERY_MS / 1000} seconds, until Ctrl-C`,
    },
  ],
  example: 'smoocho status',
  async run(shell, { watch }) {
    if (watch && (shell.wantsJson || !process.stdout.isTTY))
      throw new UsageError(
        '--watch needs a terminal. For a script, ask again and again: smoocho status --json',
      );
    // `status` must not create an empty database.
    requireNotFresh(shell.config);
    if (watch) return await watchStatus(shell);
    const here = await readStatusHere(shell.config);
    const read = await attempt(() => shell.withApp(readStatusInDatabase));
    shell.show(drawn(here, read, { away: AWAY }));
    if ('error' in read) {
      const { exitCode, message } = failureOf(read.error);
      if (!shell.wantsJson) shell.warn(message);
      shell.give({ ...here, error: { title: message }, exitCode });
      return exitCode;
    }
    const { timezone: _, ...inDatabase } = read.found;
    shell.give({ ...here, ...inDatabase });
    return needsSomebody(inDatabase) ? exitCodes.checkFoundProblems : exitCodes.done;
  },
};

type Found = StatusInDatabase & { timezone: string };
type Read = { found: Found } | { error: unknown };

/** What is empty is told as such; with any other fault the rest is shown. */
async function attempt(read: () => Promise<Found>): Promise<Read> {
  try {
    return { found: await read() };
  } catch (error) {
    if (error instanceof SchemaError && error.kind === 'empty') throw error;
    return { error };
  }
}

/** Without a shop's time zone, as the machine's clock shows it. */
const localZone = () => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The sentence itself follows on stderr. */
const AWAY = 'can not be reached now';

type Drawing = { away?: string; isWatched?: boolean };

function drawn(here: StatusHere, read: Read, { away, isWatched = false }: Drawing): string {
  const clock: Clock = clockIn('found' in read ? read.found.timezone : localZone());
  const there = 'found' in read ? read.found : { problem: away ?? failureOf(read.error).message };
  return statusScreen(here, there, { columns: process.stdout.columns ?? 80, clock, isWatched });
}

/** Keeps the database open, so that an embedded one is not started and stopped each time. */
async function watchStatus({ config }: Shell): Promise<number> {
  const stopping = new AbortController();
  void untilStopped().then(() => stopping.abort());
  let app: App | undefined;
  const closeApp = async () => {
    const open = app;
    app = undefined;
    await open?.close().catch(() => {});
  };
  const draw = async () => {
    const here = await readStatusHere(config);
    const read = await attempt(async () => {
      app ??= await openAppFor({ ...config, logLevel: 'silent' });
      return await readStatusInDatabase(app);
    });
    if ('error' in read) await closeApp();
    return drawn(here, read, { isWatched: true });
  };
  const footer = () =>
    `${new Date().toTimeString().slice(0, 8)}  anew each ${EVERY_MS / 1000} seconds; Ctrl-C ends it`;
  try {
    await showLive(process.stdout, { draw, footer, everyMs: EVERY_MS, stopped: stopping.signal });
  } finally {
    await closeApp();
  }
  return exitCodes.done;
}
