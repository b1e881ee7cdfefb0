import { existsSync, rmdirSync } from 'node:fs';
import { type Database, hasDatabase } from '../../app.ts';
import { identitiesIn, MISTYPED, recipientOf } from '../../backup/archive/encryption.ts';
import { backupsFolder, localCopy } from '../../backup/places.ts';
import { readHeader } from '../../backup/read-header.ts';
import {
  planOnNothing,
  type Restored,
  type RestorePlan,
  restoreBackup,
} from '../../backup/restore/restore-backup.ts';
import { asDatabaseUrl, type Config } from '../../config.ts';
import { cliActor } from '../../core/context.ts';
import { problemsOf } from '../../core/verify/verify-shop.ts';
import { count, formatMinute } from '../../figures.ts';
import { askMasked } from '../ask-masked.ts';
import { IDENTITY_OPTION, openAppOn, readIdentities } from '../backup-support.ts';
import type { Command, Shell } from '../command.ts';
import { RefusedError, UsageError } from '../exit-codes.ts';
import { untilInterrupted } from '../interrupt.ts';
import { openDatabaseFor } from '../open.ts';
import { formatCount, formatMoney } from '../output/format.ts';
import { phaseProgress } from '../output/progress.ts';
import { OF_BILLS } from '../output/sentences.ts';
import { undoByAsking } from '../undo-restore.ts';

export const restore: Command = {
  name: 'restore',
  summary:
    'Put a backup in the place of what is there, or on a new machine; what was there is kept for 7 days',
  arguments: [{ name: 'file', description: 'the file, or s3://bucket/key', isOptional: true }],
  options: [
    {
      ...IDENTITY_OPTION,
      description: `${IDENTITY_OPTION.description}, else it is asked for on a terminal`,
    },
    { flags: '--dry-run', description: 'check it, and say what would happen' },
    {
      flags: '--yes',
      description: 'replace what is there without asking; off a terminal that is refused without this',
    },
    { flags: '--into <url>', description: 'fill this empty database instead, where the user may make none' },
    { flags: '--undo', description: 'put back what the last restore replaced' },
    {
      flags: '--replaced-at <time>',
      description: 'with --undo, what an earlier one replaced; --undo --dry-run lists the times',
    },
  ],
  example:
    'smoocho restore /mnt/usb/smoocho/smoocho-20261129T213000Z-1f2e3d4c.smoocho --identity recovery-key.txt',
  async run(shell, options, [location]) {
    if ((location === undefined) === (options.undo !== true))
      throw new UsageError('Name a backup, or say --undo: one of the two.');
    if (options.replacedAt !== undefined && !options.undo)
      throw new UsageError('--replaced-at is for --undo.');
    if (options.undo && options.into) throw new UsageError('--undo and --into exclude each other.');
    if (location === undefined) await undoByAsking(shell, options);
    else await restoreFrom(shell, location, options);
    return undefined;
  },
};

/** Restores the archive at a location; also used by the wizard of `init`. Returns null for a dry run or when declined. */
export async function restoreFrom(
  shell: Shell,
  location: string,
  options: Record<string, unknown>,
): Promise<Restored | null> {
  const { config } = shell;
  const { onProgress, stop } = phaseProgress();
  const now = () => new Date();
  const into = asDatabaseUrl(options.into as string | undefined, '--into');
  const named = await readIdentities(config, options.identity);
  // Stop the progress bar: a running one keeps the process alive.
  const folder = backupsFolder(config.home);
  const wasFresh = !existsSync(config.home);
  const { file, release } = await localCopy(config, location, folder, onProgress, now()).finally(stop);
  let database: Database | undefined;
  try {
    const identities = await identitiesFor(shell, file, named);
    if (options.dryRun && into === undefined && !hasDatabase(config)) {
      const found = await planOnNothing({ config, file, identities, onProgress });
      stop();
      showPlan(shell, found);
      return null;
    }
    // Open the database only once the key works: a mistyped key leaves nothing behind on a new machine.
    database = await openTarget(config, into);
    let plan: RestorePlan | undefined;
    const restored = await restoreBackup({
      config,
      databaseUrl: database.url,
      isInto: into !== undefined,
      file,
      identities,
      openApp: openAppOn(config),
      now,
      actor: cliActor(config),
      async confirm(found) {
        plan = found;
        stop();
        shell.print(...describePlan(found));
        return !options.dryRun && (await confirm(shell, found, options));
      },
      onProgress,
    });
    stop();
    if (!restored) {
      shell.say('Nothing was changed.');
      shell.give(viewPlan(plan as RestorePlan));
      return null;
    }
    showRestored(shell, restored, into);
    return restored;
  } finally {
    stop();
    await database?.release();
    await release();
    if (wasFresh) removeEmpty(folder, config.home);
  }
}

const openTarget = async (config: Config, into: string | undefined): Promise<Database> =>
  into === undefined
    ? await openDatabaseFor(config, { isRestoring: true })
    : { url: into, release: async () => {} };

/** Prints the plan of a dry run on a machine without a database. */
function showPlan(shell: Shell, found: RestorePlan): void {
  shell.print(...describePlan(found), 'Nothing is there that it would replace. Nothing was changed.');
  shell.give(viewPlan(found));
}

function showRestored(shell: Shell, restored: Restored, into: string | undefined): void {
  if (restored.settingsError !== null)
    shell.warn(`The settings of backups could not be kept: ${restored.settingsError}`);
  const hasPlace = restored.keptDatabase !== null || shell.config.backup.to !== null;
  shell.say('', ...describe(restored, into, hasPlace));
  shell.give(view(restored));
}

/** Takes away folders that were made for nothing: what has something in it stays. */
function removeEmpty(...folders: string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder);
    } catch {
      return;
    }
  }
}

/** Asks for the recovery key at a terminal: a new machine has no key file yet. */
async function identitiesFor(shell: Shell, file: string, identities: string[]): Promise<string[]> {
  if (!shell.isInteractive) return identities;
  const { isEncrypted, opens } = await readHeader(file, identities);
  if (!isEncrypted || opens) return identities;
  const typed = await askMasked(
    untilInterrupted,
    'The recovery key of this backup (AGE-SECRET-KEY-1…)',
    async (text) => {
      const [identity] = identitiesIn(text);
      if (!identity || !(await recipientOf(identity))) return MISTYPED;
      return (
        (await readHeader(file, [identity])).opens || 'This key is right, and of other backups than this one.'
      );
    },
  );
  return [...identities, ...identitiesIn(typed)];
}

async function confirm(
  shell: Shell,
  { replaces }: RestorePlan,
  options: Record<string, unknown>,
): Promise<boolean> {
  if (!replaces || options.yes) return true;
  if (!shell.isInteractive)
    throw new RefusedError(
      'This replaces what is there. Add --yes if that is what you want. Nothing was changed.',
    );
  const prompts = await import('@inquirer/prompts');
  const question = { message: 'Replace what is there?', default: false };
  return await untilInterrupted((context) => prompts.confirm(question, context));
}

function describePlan({ manifest, replaces, keepsKeys }: RestorePlan): string[] {
  return [
    `The backup is sound. It was made at ${formatMinute(manifest.createdAt)} by Smoocho ${manifest.version}:`,
    ...manifest.shops.map(
      ({ code, name, orders, total, currency }) =>
        `  ${code}  ${name}: ${count(orders, 'order')}, ${formatMoney(total, currency)} ${currency} ${OF_BILLS}`,
    ),
    ...(manifest.missingImages.length > 0
      ? [`It lacks ${formatCount(manifest.missingImages.length)} pictures.`]
      : []),
    ...(keepsKeys
      ? []
      : [
          'It has no master key that opens it, and this machine has none either: phone numbers and addresses of customers and PINs will be lost, and the audit can not be verified up to then.',
        ]),
    ...(replaces
      ? [
          `It takes the place of ${replaces.shops.join(', ')} with ${count(replaces.orders, 'order')}${replaces.lastOrderAt ? `, the last of ${formatMinute(replaces.lastOrderAt)}` : ''}. That is kept for 7 days.`,
        ]
      : []),
  ];
}

function describe(
  { manifest, safetyCopy, keptDatabase, shops, authority }: Restored,
  into: string | undefined,
  hasPlace: boolean,
): string[] {
  const faults = shops.reduce(
    (sum, { checks }) => sum + problemsOf(checks).reduce((all, { wrong }) => all + wrong, 0),
    0,
  );
  return [
    `Restored: everything is as it was at ${formatMinute(manifest.createdAt)}.`,
    'What was done after that is not here: voids, refunds, payments of parked bills, shifts, counts, new people and products. Tills that sold after it bring their bills back by themselves, once somebody signs in on them.',
    'Everybody signs in again. New bills begin a number series of their own.',
    ...(faults > 0
      ? [
          `The books in it have ${formatCount(faults)} ${faults === 1 ? 'thing that does' : 'things that do'} not agree, as they had when it was made: smoocho verify`,
        ]
      : []),
    ...(safetyCopy ? [`What was there is in ${safetyCopy}.`] : []),
    ...(keptDatabase && !safetyCopy
      ? ['No copy was made of what was there: this version can not read all of it.']
      : []),
    ...(keptDatabase ? ['Within 7 days it can be put back: smoocho restore --undo'] : []),
    ...(authority === 'kept'
      ? [
          'Devices that trusted the shop’s server over HTTPS don’t trust this machine, which has a certificate authority of its own (docs/operations/https.md).',
        ]
      : []),
    ...(into === undefined && !hasPlace
      ? [
          'Backups of this machine stay on its own disk until you say where they go: smoocho backup schedule --to PLACE',
        ]
      : []),
    into === undefined
      ? 'Open it: smoocho start'
      : 'Set DATABASE_URL to that database, and open it: smoocho start',
  ];
}

const viewPlan = ({ manifest, replaces, keepsKeys }: RestorePlan) => ({
  restored: false,
  createdAt: manifest.createdAt,
  version: manifest.version,
  shops: manifest.shops.map(({ code, orders, total }) => ({ code, orders, total })),
  missingImages: manifest.missingImages,
  keepsKeys,
  replaces,
});

const view = ({ safetyCopy, keptDatabase, shops, authority, ...plan }: Restored) => ({
  ...viewPlan(plan),
  restored: true,
  safetyCopy,
  keptDatabase,
  httpsAuthority: authority,
  bookFindings: shops.flatMap(({ code, checks }) =>
    problemsOf(checks).flatMap(({ faults }) =>
      faults.map(({ subject, detail }) => ({ shop: code, subject, detail })),
    ),
  ),
});
