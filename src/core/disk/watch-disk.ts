import { hostname } from 'node:os';
import type { AttentionSeverity } from '../../contract/attention.ts';
import { formatRoom } from '../../figures.ts';
import { endAttention, listAttention, raiseAttention } from '../attention/attention.ts';
import type { Context } from '../context.ts';
import { type Watch, watchEvery } from '../watch-every.ts';
import type { Disk, DiskReader, DiskReport } from './disk-reader.ts';
import { inSentence } from './place-names.ts';

/** A shop fills a disk in weeks, a copy that went wrong in minutes. */
const LOOK_MS = 30_000;
/** How often the log says again that a disk is low. */
const SAY_EVERY_MS = 3_600_000;

type WatchContext = () => Pick<Context, 'em'> & { app: Pick<Context['app'], 'now' | 'log'> };

/**
 * Watches the disks of this machine, and raises `disk_low` for the owners while one has little room. Of several machines of
 * one installation each ends only what it raised itself. A start takes over what is open, for a machine that is gone would
 * never end it; one that is still there raises it again within half a minute. `context` gives a new one for each look.
 */
export function watchDisk(context: WatchContext, reader: DiskReader, everyMs = LOOK_MS): Watch {
  let told: Told = { level: null, detail: '', saidAt: Number.NEGATIVE_INFINITY };
  let isFirst = true;
  let isOurs = false;

  const look = async () => {
    const report = await reader.look(true);
    const { app } = context();
    told = say(app.log, report, told);
    if (report.level !== null) {
      isOurs = await raise(context(), report.level, told.detail, isFirst);
    } else if (isFirst || isOurs) {
      await endAttention(context(), 'disk_low');
      isOurs = false;
    }
    isFirst = false;
  };
  return watchEvery(everyMs, look, (error) =>
    context().app.log.warn({ err: error }, 'the owners could not be told about the disk; trying again'),
  );
}

/** What was said of the disks; `detail` changes only with the level, for each change is sent to all owners. */
type Told = { level: AttentionSeverity | null; detail: string; saidAt: number };

/** The log first: when the disk is full, the database may take nothing any more. */
function say(log: Context['app']['log'], { level, disks, low }: DiskReport, told: Told): Told {
  const isNews = level !== told.level;
  if (level === null) {
    if (isNews) log.warn({ disks: disks.map(logged) }, 'there is room on the disk again');
    return { ...told, level, detail: '' };
  }
  const detail = isNews ? describe(low) : told.detail;
  const isDue = isNews || performance.now() - told.saidAt >= SAY_EVERY_MS;
  if (isDue) {
    const write = level === 'problem' ? log.error.bind(log) : log.warn.bind(log);
    write({ disks: low.map(logged) }, 'a disk has little room left');
  }
  return { ...told, level, detail, saidAt: isDue ? performance.now() : told.saidAt };
}

const logged = ({ folder, places, freeBytes, sizeBytes, level }: Disk) => ({
  folder,
  places,
  freeBytes,
  sizeBytes,
  level,
});

/**
 * Returns whether what is open now is ours. Leaves another machine's alone if it is as serious: two would write over each
 * other at each look.
 */
async function raise(
  context: ReturnType<WatchContext>,
  severity: AttentionSeverity,
  detail: string,
  isFirst: boolean,
): Promise<boolean> {
  const open = (await listAttention(context.em)).find(({ code }) => code === 'disk_low');
  const isOfAnother = !isFirst && open !== undefined && !open.detail.startsWith(machine());
  if (isOfAnother && (open.severity === 'problem' || severity === 'warning')) return false;
  await raiseAttention(context, { code: 'disk_low', severity, detail });
  return true;
}

const machine = () => `On ${hostname()}, `;

function describe(low: Disk[]): string {
  const parts = low.map(({ places, folder, freeBytes, sizeBytes }) => {
    const what = places.map(inSentence).join(', ');
    return `${formatRoom(freeBytes)} of ${formatRoom(sizeBytes)} are left on the disk of ${what} (${folder})`;
  });
  const isDatabase = low.some(({ places }) => places.includes('database'));
  const why = isDatabase
    ? 'When it is full, nothing can be sold.'
    : 'When it is full, nothing more is kept there.';
  return `${machine()}${parts.join(', and ')}. ${why} Take away what is not needed, such as old backups (smoocho backup prune), or put in a larger disk.`;
}
