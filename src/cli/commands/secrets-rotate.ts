import { resolve } from 'node:path';
import { type App, systemContext } from '../../app.ts';
import { rewrapKept } from '../../backup/restore/rewrap-keys.ts';
import { mayHaveOtherMachines } from '../../core/keys/other-machines.ts';
import {
  changeMasterKey,
  type Rotated,
  rotateSecrets,
  type WrapOthers,
} from '../../core/keys/rotate-secrets.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../exit-codes.ts';

export const secretsRotate: Command = {
  name: 'secrets rotate',
  summary:
    'New keys for tokens and seals, and a new master key on a machine of its own; nobody is signed out',
  options: [
    { flags: '--keep-master-key', description: 'new keys for tokens and seals alone' },
    {
      flags: '--replace-master-key',
      description: 'a new master key alone, also when other machines will need a copy of its file',
    },
    {
      flags: '--new-master-key-file <file>',
      description: 'where the master key is not under the home: only wrap the keys with this one',
    },
  ],
  example: 'smoocho secrets rotate',
  async run(shell, options) {
    if (Object.keys(options).filter((name) => /MasterKey/.test(name)).length > 1) {
      throw new UsageError(
        '--keep-master-key, --replace-master-key and --new-master-key-file exclude each other.',
      );
    }
    await shell.withApp(async (app) => {
      const left: string[] = [];
      const rotated = await rotate(app, options, async (old, next) => {
        left.push(...(await rewrapKept(app.databaseUrl, old, next)));
      });
      shell.show(describe(app, rotated, options));
      if (left.length > 0)
        shell.say(
          `What a restore put aside in ${left.join(', ')} could not be wrapped with the new master key: "restore --undo" can not bring it back any more.`,
        );
      shell.give(rotated);
    });
    return undefined;
  },
};

type Options = Record<string, unknown>;

async function rotate(app: App, options: Options, wrapOthers: WrapOthers): Promise<Rotated> {
  const context = systemContext(app, 'cli');
  if (options.newMasterKeyFile !== undefined) {
    if (!isInHome(app))
      return await changeMasterKey(context, resolve(options.newMasterKeyFile as string), wrapOthers);
    throw new UsageError(
      '--new-master-key-file is for a master key that comes from MASTER_KEY or MASTER_KEY_FILE. This one is under the home: use --replace-master-key.',
    );
  }
  if (options.replaceMasterKey) {
    if (isInHome(app)) return await rotateSecrets(context, 'master-key', wrapOthers);
    throw new UsageError(
      '--replace-master-key is for a master key under the home. This one comes from the environment: use --new-master-key-file FILE.',
    );
  }
  return await rotateSecrets(context, options.keepMasterKey ? 'keys' : undefined, wrapOthers);
}

const isInHome = ({ config: { masterKey } }: App) => 'path' in masterKey && masterKey.isOurs;

function describe(app: App, { tokenKey, masterKeyFile }: Rotated, { keepMasterKey }: Options): string {
  if (tokenKey === null) return describeMasterKey(app, masterKeyFile as string);
  const done =
    'Tokens and seals have new keys. Running servers use them within ten seconds; nobody is signed out.';
  if (masterKeyFile !== null) {
    return `${done}\nThe master key is new, too: keep a copy of ${masterKeyFile} apart from the database.`;
  }
  if (!isInHome(app)) {
    return `${done}\nThe master key stayed, for it comes from the environment. Change it with --new-master-key-file FILE.`;
  }
  if (keepMasterKey || !mayHaveOtherMachines(app.config)) return `${done}\nThe master key stayed.`;
  return `${done}\nThe master key stayed, for other machines may use this database, each with a copy of it. Replace it with --replace-master-key.`;
}

function describeMasterKey(app: App, file: string): string {
  const wrapped = `All keys are wrapped with the master key in ${file}.`;
  const keep = 'keep a copy of it apart from the database.';
  return isInHome(app)
    ? `${wrapped} Copy it to every other machine on this database before the next change or start there: what runs goes on until then. And ${keep}`
    : `${wrapped} Restart each server with MASTER_KEY_FILE=${file}, and ${keep}`;
}
