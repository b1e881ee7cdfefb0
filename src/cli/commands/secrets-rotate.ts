import { resolve } from 'node:path';
import { type App, systemContext } from '../../app.ts';
import { changeMasterKey, type Rotated, rotateSecrets } from '../../core/keys/rotate-secrets.ts';
import type { Command } from '../command.ts';
import { UsageError } from '../exit-codes.ts';

export const secretsRotate: Command = {
  name: 'secrets rotate',
  summary: 'New keys for tokens and seals, and a new master key; nobody is signed out',
  options: [
    { flags: '--keep-master-key', description: 'new keys for tokens and seals alone' },
    {
      flags: '--new-master-key-file <file>',
      description: 'where the master key is not under the home: only wrap the keys with this one',
    },
  ],
  example: 'smoocho secrets rotate',
  async run(shell, { newMasterKeyFile, keepMasterKey }) {
    await shell.withApp(async (app) => {
      const file = newMasterKeyFile === undefined ? null : resolve(newMasterKeyFile as string);
      const rotated = await rotate(app, file, keepMasterKey === true);
      shell.say(describe(app, rotated));
      shell.give(rotated);
    });
    return undefined;
  },
};

async function rotate(app: App, file: string | null, keepMasterKey: boolean): Promise<Rotated> {
  const context = systemContext(app, 'cli');
  if (file === null) return await rotateSecrets(context, { keepMasterKey });
  if (keepMasterKey) throw new UsageError('--new-master-key-file and --keep-master-key exclude each other.');
  if (isInHome(app)) {
    throw new UsageError(
      '--new-master-key-file is for a master key that comes from MASTER_KEY or MASTER_KEY_FILE. Leave it out: this one is changed in its place.',
    );
  }
  return await changeMasterKey(context, file);
}

const isInHome = ({ config: { masterKey } }: App) => 'path' in masterKey && masterKey.isOurs;

function describe(app: App, { tokenKey, masterKeyFile }: Rotated): string {
  if (tokenKey === null) {
    return `All keys are wrapped with the master key in ${masterKeyFile}. Restart each server with MASTER_KEY_FILE=${masterKeyFile}, and keep a copy of it apart from the database.`;
  }
  const done =
    'Tokens and seals have new keys. Running servers use them within ten seconds; nobody is signed out.';
  if (masterKeyFile !== null) {
    return `${done}\nThe master key is new, too: keep a copy of ${masterKeyFile} apart from the database, and copy it to every other machine on this database.`;
  }
  return isInHome(app)
    ? `${done}\nThe master key stayed.`
    : `${done}\nThe master key stayed, for it comes from the environment. Change it with --new-master-key-file FILE.`;
}
