import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { serviceHome } from '../../systemd.ts';
import { version } from '../../version.ts';
import type { Command, Shell } from '../command.ts';
import { RefusedError } from '../exit-codes.ts';
import { configuredAddress } from '../server-address.ts';
import { findInstallation, keptIn, lockUpgrade, stagedIn, stepsByHand } from '../upgrade/installation.ts';
import { findVersion, specOf, stage, versionOf } from '../upgrade/npm.ts';
import { replaceProgram } from '../upgrade/replace-program.ts';
import { runProgram } from '../upgrade/run-program.ts';
import { compareVersions } from '../upgrade/versions.ts';

export const upgrade: Command = {
  name: 'upgrade',
  summary:
    'Put a new version in the place of this one: backup, stop, replace, database, start; back to this one when it does not come up',
  arguments: [
    {
      name: 'target',
      description: 'a version, or a package file (.tgz); default: the newest',
      isOptional: true,
    },
  ],
  options: [{ flags: '--check', description: 'only say whether there is a newer version' }],
  example: 'sudo smoocho upgrade',
  async run(shell, options, [target]) {
    const spec = specOf(target);
    if (options.check) return await check(shell, spec);
    const installation = findInstallation();
    if (installation.kind !== 'package') throw new RefusedError(stepsByHand[installation.kind]);
    const { root } = installation;
    // Its file is another one's once the program is replaced.
    await import('../failure.ts');
    const { home } = shell.config;
    requireServiceHome(home);
    const address = configuredAddress(shell.config);
    const { tell } = shell;
    const release = lockUpgrade(root);
    tell(`Fetching ${spec}.`);
    const folder = stagedIn(root);
    try {
      const staged = await stage(spec, folder);
      const next = versionOf(staged);
      if (next === version) {
        shell.say(`Version ${version} is here already. Nothing was changed.`);
        shell.give({ from: version, to: next, applied: [], backup: null, kept: null });
        return undefined;
      }
      tell(`Trying whether ${next} runs here, and making a backup.`);
      await requireNotOlder(staged, next, { home, tell });
      const { file } = (await runProgram(root, ['backup', 'create'], { home, tell })) as { file: string };
      const versions = { from: version, to: next };
      const applied = await replaceProgram({ root, staged, backup: file, ...versions, home, address, tell });
      shell.say(
        `Version ${next} is in the place of ${version}.`,
        applied.length === 0
          ? 'The database needed no change.'
          : `The database was brought up to date: ${applied.join(', ')}.`,
        `The backup of before is ${file}; the program of before is in ${keptIn(root)} until the next upgrade.`,
      );
      shell.give({ from: version, to: next, applied, backup: file, kept: keptIn(root) });
      return undefined;
    } finally {
      rmSync(folder, { recursive: true, force: true });
      release();
    }
  },
};

/** Throws RefusedError for a version that doesn't know the database, and the program's reason when it doesn't run here. */
async function requireNotOlder(
  staged: string,
  next: string,
  running: Parameters<typeof runProgram>[2],
): Promise<void> {
  const { unknown } = (await runProgram(staged, ['migrate', 'status'], running)) as { unknown: string[] };
  if (unknown.length === 0) return;
  throw new RefusedError(
    `${next} is older than the database, and does not know ${unknown.join(', ')}. A newer version brought it up to date; go on with that one.`,
  );
}

/** Throws RefusedError for another home than the service's: the database of another shop would be changed. */
function requireServiceHome(home: string): void {
  const served = serviceHome();
  if (served === undefined || resolve(served) === home) return;
  throw new RefusedError(
    `The service's home is ${served}, and this would upgrade ${home}. Add --home ${served}`,
  );
}

async function check(shell: Shell, spec: string): Promise<undefined> {
  const newest = await findVersion(spec);
  const order = compareVersions(newest, version);
  shell.print(
    order > 0
      ? `Version ${newest} is there; this is ${version}. Run: smoocho upgrade`
      : order === 0
        ? `This is version ${version}, and there is no newer one.`
        : `Version ${newest} is older than this one, ${version}.`,
  );
  const isNewer = order > 0;
  shell.give({ version, newest, isNewer });
  return undefined;
}
