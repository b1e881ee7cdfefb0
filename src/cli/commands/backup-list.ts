import { ArchiveError } from '../../backup/errors.ts';
import { findPlace, listArchives, type StoredArchive } from '../../backup/places.ts';
import { readHeader } from '../../backup/read-header.ts';
import { formatSize } from '../../figures.ts';
import { readIdentities } from '../backup-support.ts';
import type { Command } from '../command.ts';
import { table } from '../output/table.ts';

export const backupList: Command = {
  name: 'backup list',
  summary: 'Show the backups that there are, newest first',
  options: [
    { flags: '--to <place>', description: 'a folder, or s3://bucket/prefix (default: where backups go)' },
  ],
  example: 'smoocho backup list --json',
  async run(shell, options) {
    const { config } = shell;
    const identities = await readIdentities(config, undefined);
    const archives = [];
    for (const archive of await listArchives(config, findPlace(config, options.to)))
      archives.push(await lookAt(archive, identities));
    // A new machine may have backups to look at before it has a shop.
    if (archives.length === 0) (await import('../../app.ts')).requireNotFresh(config);
    if (archives.length === 0) shell.print('There is no backup yet. Make one: smoocho backup create');
    else shell.show(table(archives, COLUMNS));
    shell.give({ backups: archives });
    return undefined;
  },
};

type Listed = Awaited<ReturnType<typeof lookAt>>;

/** Reads the header of an archive. Archives in a bucket are not downloaded for it. */
export async function lookAt({ name, location, sizeBytes, madeAt }: StoredArchive, identities: string[]) {
  const header = location.startsWith('s3://') ? null : await readStartOf(location, identities);
  return {
    name,
    file: location,
    createdAt: madeAt.toISOString(),
    sizeBytes,
    encrypted: header?.isEncrypted ?? null,
    version: header?.version ?? null,
    opensHere: header ? header.opens : null,
    fault: header?.fault ?? null,
  };
}

/** An unreadable archive must not hide the others. */
const readStartOf = (file: string, identities: string[]) =>
  readHeader(file, identities).catch((error) => {
    if (!(error instanceof ArchiveError)) throw error;
    return { isEncrypted: null, opens: false, version: null, recoveryRecipient: null, fault: error.fault };
  });

const COLUMNS = [
  { title: 'made (UTC)', value: ({ createdAt }: Listed) => createdAt.slice(0, 16).replace('T', ' ') },
  { title: 'size', value: ({ sizeBytes }: Listed) => formatSize(sizeBytes), align: 'right' as const },
  { title: 'version', value: ({ version }: Listed) => version ?? '' },
  {
    title: 'opens here',
    value: ({ opensHere, encrypted, fault }: Listed) => {
      if (opensHere === null) return 'not read';
      if (encrypted === null) return 'no: it can not be read';
      if (fault !== null && fault !== 'locked') return 'no: it is damaged';
      return encrypted === false ? 'plain' : opensHere ? 'yes' : 'with its recovery key';
    },
  },
  { title: 'file', value: ({ file }: Listed) => file },
];
