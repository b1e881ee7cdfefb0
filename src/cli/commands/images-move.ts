import { type App, systemContext } from '../../app.ts';
import { type ImageStoreKind, imageStoreKinds } from '../../config.ts';
import { KEPT_DAYS } from '../../core/images/collect-garbage.ts';
import { type Moved, moveImages } from '../../core/images/move-images.ts';
import { count } from '../../figures.ts';
import { checkStore } from '../../storage/check-store.ts';
import type { Command } from '../command.ts';
import { exitCodes, UsageError } from '../exit-codes.ts';
import { startProgress } from '../output/progress.ts';

const SHOWN_BAD = 20;

export const imagesMove: Command = {
  name: 'images move',
  summary: 'Move the pictures to another store while tills go on; cut off, it goes on where it was',
  options: [
    {
      flags: '--to <store>',
      description: 'minio (a bucket on any S3 server) or filesystem',
      required: true,
      values: ['minio', 'filesystem'],
    },
    { flags: '--remove-source', description: 'take the files away where they were, once all are moved' },
    { flags: '--skip-bad', description: 'leave files behind that are damaged or missing, and list them' },
  ],
  example: 'smoocho images move --to minio',
  async run(shell, { to, removeSource, skipBad }) {
    const kind = imageStoreKinds.find((known) => known === to);
    if (!kind) throw new UsageError(`--to is ${imageStoreKinds.join(' or ')}.`);
    return await shell.withApp(async (app) => {
      const findings = await checkStore(kind, app.config);
      if (findings.length > 0) throw new Error(findings.map(({ detail }) => detail).join('\n'));
      const moved = await move(app, kind, removeSource === true, skipBad === true);
      shell.say(...describe(moved));
      shell.give(moved);
      return moved.from === null || moved.from === kind || moved.isSwitched
        ? exitCodes.done
        : exitCodes.refused;
    });
  },
};

async function move(app: App, to: ImageStoreKind, removeSource: boolean, skipBad: boolean): Promise<Moved> {
  const progress = startProgress('Copying', 1);
  try {
    return await moveImages(systemContext(app, 'cli'), {
      ...{ to, removeSource, skipBad, databaseUrl: app.databaseUrl },
      onProgress: (done, total) => progress.update(done / total, `${count(done, 'file')} of ${total}`),
    });
  } finally {
    progress.stop();
  }
}

function describe({ from, to, images, copied, isSwitched, bad, removed, isHeld }: Moved): string[] {
  const gone = [
    ...(removed > 0 ? [`Took ${count(removed, 'file')} away where they were.`] : []),
    ...(isHeld
      ? [
          `The files stay where they were: the data was restored less than ${KEPT_DAYS} days ago, and what was there before may be put back.`,
        ]
      : []),
  ];
  if (from === null) {
    return [`There are no pictures yet. The first one goes where IMAGE_STORE says: set it to ${to}.`];
  }
  if (from === to) return [`The pictures are in the store ${to} already.`, ...gone];
  const shown = bad.slice(0, SHOWN_BAD).map((key) => `  ${key}`);
  const more = bad.length > shown.length ? [`  … and ${bad.length - shown.length} more`] : [];
  const left = bad.length > 0 ? [`Damaged or missing in the store ${from}:`, ...shown, ...more] : [];
  if (!isSwitched) {
    return [
      ...left,
      `Nothing was switched: the pictures are still in the store ${from}.`,
      'Upload these pictures again, or leave them behind with --skip-bad.',
    ];
  }
  const stays =
    removed > 0 || isHeld
      ? []
      : [`The files in the store ${from} stay there until you run it again with --remove-source.`];
  return [
    `${count(images, 'picture')}: copied ${count(copied, 'file')}, each read back. The pictures are in the store ${to} now.`,
    ...left,
    ...gone,
    ...stays,
    `Running servers that have the settings of that store follow within seconds. Set IMAGE_STORE to ${to} where it says otherwise.`,
  ];
}
