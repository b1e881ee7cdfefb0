import { join } from 'node:path';
import { type App, requireNotFresh } from '../../app.ts';
import { drill } from '../../backup/drill.ts';
import { ArchiveError } from '../../backup/errors.ts';
import {
  archivesOfOurs,
  backupsFolder,
  describePlace,
  findPlace,
  listArchives,
  localCopy,
} from '../../backup/places.ts';
import type { OnProgress } from '../../backup/progress.ts';
import { isAhead } from '../../backup/retention.ts';
import { type ReadBack, readBack } from '../../backup/verify-backup.ts';
import type { Config } from '../../config.ts';
import { problemsOf, type VerifiedShop } from '../../core/verify/verify-shop.ts';
import { count, formatMinute } from '../../figures.ts';
import { IDENTITY_OPTION, openAppOn, readIdentities, recordRun } from '../backup-support.ts';
import type { Command, Shell } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { phaseProgress } from '../output/progress.ts';
import { OF_BILLS } from '../output/sentences.ts';

type BookFinding = { shop: string; subject: string; detail: string };
type Verified = {
  file: string;
  sizeBytes: number;
  isSound: boolean;
  findings: ReadBack['findings'];
  /** Findings of `smoocho verify` in the restored books. They were there before the backup, so the copy is still sound. */
  bookFindings: BookFinding[];
  createdAt: string | null;
  shops: { code: string; orders: number; total: string }[];
};

export const backupVerify: Command = {
  name: 'backup verify',
  summary:
    'Read a backup from its first byte to its last; with --deep restore it for trial and check the books; exit code 4 when it is not sound',
  arguments: [{ name: 'file', description: 'the file, or s3://bucket/key', isOptional: true }],
  options: [
    { flags: '--latest', description: 'the newest one, instead of a file' },
    { flags: '--deep', description: 'restore it into a PostgreSQL that is made for it and thrown away' },
    IDENTITY_OPTION,
  ],
  example: 'smoocho backup verify --latest --deep',
  async run(shell, options, [file]) {
    if ((file === undefined) === (options.latest !== true))
      throw new UsageError('Name a file, or say --latest: one of the two.');
    if (options.latest) requireNotFresh(shell.config);
    const identities = await readIdentities(shell.config, options.identity);
    const location = file ?? (await newest(shell.config, identities));
    const verified = options.latest
      ? await shell.withApp((app) => verifyAndRecord(app, location, identities, options.deep === true))
      : await verifyFile(shell.config, location, identities, options.deep === true);
    say(shell, verified, options.deep === true);
    shell.give(verified);
    return verified.isSound ? exitCodes.done : exitCodes.checkFoundProblems;
  },
};

/** Finds the newest backup that a key here opens (several shops may share a place); a plain one only if there is no other. */
async function newest(config: Config, identities: string[]): Promise<string> {
  const place = findPlace(config, undefined);
  const all = await listArchives(config, place);
  // Backups dated in the future come last: one made with a wrong clock would be the newest for years.
  const now = new Date();
  const archives = [...all.filter((one) => !isAhead(one, now)), ...all.filter((one) => isAhead(one, now))];
  let plain: string | undefined;
  for await (const { location, isPlain } of archivesOfOurs(config, place, archives, identities)) {
    if (!isPlain) return location;
    plain ??= location;
  }
  if (plain !== undefined) return plain;
  const which = archives.length > 0 ? ' that a key at hand opens' : '';
  throw new ArchiveError(
    'foreign',
    `There is no backup in ${describePlace(place)}${which}. Make one: smoocho backup create`,
  );
}

/** Records an unsound backup as a failed run, so that the owner is notified. */
async function verifyAndRecord(
  app: App,
  location: string,
  identities: string[],
  isDeep: boolean,
): Promise<Verified> {
  let found: Verified | undefined;
  try {
    return await recordRun(app, isDeep ? 'drill' : 'verify', async () => {
      found = await verifyFile(app.config, location, identities, isDeep);
      const [finding] = found.findings;
      if (finding)
        throw new ArchiveError('damaged', `${location} is not sound: ${finding.subject} – ${finding.detail}`);
      return found;
    });
  } catch (error) {
    if (found) return found;
    throw error;
  }
}

async function verifyFile(
  config: Config,
  location: string,
  identities: string[],
  isDeep: boolean,
): Promise<Verified> {
  const { onProgress, stop } = phaseProgress();
  const now = new Date();
  const folder = backupsFolder(config.home);
  // Stop the progress bar: a running one keeps the process alive.
  const { file, release } = await localCopy(config, location, folder, onProgress, now).finally(stop);
  try {
    let sizeBytes = 0;
    const read = await readBack(file, identities, (done, total) => {
      sizeBytes = total;
      onProgress({ phase: 'verifying', done, total, note: '' });
    });
    const { manifest, findings } = read;
    const books =
      isDeep && findings.length === 0
        ? await restoreForTrial(config, file, identities, read, onProgress)
        : [];
    return {
      file: location,
      sizeBytes,
      isSound: findings.length === 0,
      findings,
      bookFindings: books.flatMap(bookFindingsOf),
      createdAt: manifest?.createdAt ?? null,
      shops: (manifest?.shops ?? []).map(({ code, orders, total }) => ({ code, orders, total })),
    };
  } finally {
    stop();
    await release();
  }
}

/** Reports a backup that can't be restored as a finding. */
async function restoreForTrial(
  config: Config,
  file: string,
  identities: string[],
  { manifest, secrets, findings }: ReadBack,
  onProgress: OnProgress,
): Promise<VerifiedShop[]> {
  if (!manifest) return [];
  try {
    const { books } = await drill(
      { file, identities, manifest, secrets },
      {
        home: config.home,
        openAppIn: (home) => openAppOn(configIn(config, home)),
        now: new Date(),
        onProgress,
      },
    );
    return books;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    findings.push({ subject: 'The trial', detail: error.message });
    return [];
  }
}

const configIn = (config: Config, home: string): Config => ({
  ...config,
  home,
  masterKey: { path: join(home, 'secrets', 'master-key'), isOurs: true },
});

const bookFindingsOf = ({ code, checks }: VerifiedShop): BookFinding[] =>
  problemsOf(checks).flatMap(({ faults }) =>
    faults.map(({ subject, detail }) => ({ shop: code, subject, detail })),
  );

/** Findings to print; `--json` has all. */
const SHOWN = 10;

function say(
  shell: Shell,
  { file, isSound, findings, bookFindings, createdAt, shops }: Verified,
  isDeep: boolean,
): void {
  if (!isSound) {
    shell.print(
      `${file} is NOT sound:`,
      ...findings.slice(0, SHOWN).map(({ subject, detail }) => `  ${subject}: ${detail}`),
      'Do not rely on it. Make another one: smoocho backup create',
    );
    return;
  }
  shell.print(
    `${file} is sound: every byte was read${isDeep ? ', it was restored for trial, and every table is as it was' : ''}.`,
    ...shops.map(({ code, orders, total }) => `  ${code}  ${count(orders, 'order')}, ${total} ${OF_BILLS}`),
    `It has everything up to ${createdAt && formatMinute(createdAt)}.`,
  );
  if (bookFindings.length === 0) return;
  shell.print(
    '',
    'The copy is faithful, and the books in it have something that does not agree; so had the shop’s own:',
    ...bookFindings.slice(0, SHOWN).map(({ shop, subject, detail }) => `  ${shop}  ${subject}: ${detail}`),
    'See all of it: smoocho verify',
  );
}
