import { resolve } from 'node:path';
import { type App, systemContext } from '../../app.ts';
import { rewrapKept } from '../../backup/restore/rewrap-keys.ts';
import { replaceStoreKeys, type StoreKeys } from '../../core/images/replace-store-keys.ts';
import { mayHaveOtherMachines } from '../../core/keys/other-machines.ts';
import { rotateDatabasePassword } from '../../core/keys/rotate-database-password.ts';
import {
  changeMasterKey,
  type Rotated,
  rotateSecrets,
  type WrapOthers,
} from '../../core/keys/rotate-secrets.ts';
import type { Command, Shell } from '../command.ts';
import { didYouMean } from '../did-you-mean.ts';
import { UsageError } from '../exit-codes.ts';
import { readSmallFile } from '../small-file.ts';

const names = ['tokens', 'master-key', 'database-password', 'image-store'] as const;
type Name = (typeof names)[number];

export const secretsRotate: Command = {
  name: 'secrets rotate',
  summary:
    'New keys for tokens and seals, and a new master key on a machine of its own; nobody is signed out. Or the one that is named',
  arguments: [
    {
      name: 'name',
      description: `one of ${names.join(', ')}; without it tokens, and the master key where it is safe`,
      isOptional: true,
    },
  ],
  options: [
    { flags: '--keep-master-key', description: 'new keys for tokens and seals alone: the same as tokens' },
    {
      flags: '--replace-master-key',
      description: 'a new master key alone, also when other machines will need a copy of its file',
    },
    {
      flags: '--new-master-key-file <file>',
      description: 'where the master key is not under the home: only wrap the keys with this one',
    },
    {
      flags: '--keys-file <file>',
      description: 'with image-store: a file with the access key and the secret key, a line each',
    },
    { flags: '--keys-stdin', description: 'with image-store: the same from standard input' },
  ],
  example: 'smoocho secrets rotate',
  async run(shell, options, [name]) {
    const named = readName(name, options);
    if (named === 'database-password') return await changeDatabasePassword(shell);
    if (named === 'image-store') return await changeStoreKeys(shell, options);
    const chosen = chosenOf(named, options);
    await shell.withApp(async (app) => {
      const left: string[] = [];
      const rotated = await rotate(app, chosen, async (old, next) => {
        left.push(...(await rewrapKept(app.databaseUrl, old, next)));
      });
      shell.say(...describe(app, rotated, chosen));
      if (left.length > 0)
        shell.say(
          `What a restore put aside in ${left.join(', ')} could not be wrapped with the new master key: "restore --undo" can not bring it back any more.`,
        );
      shell.give(rotated);
    });
    return undefined;
  },
};

function readName(name: string | undefined, options: Options): Name | undefined {
  const ofMasterKey = Object.keys(options).filter((option) => /MasterKey/.test(option));
  if (ofMasterKey.length > 1) {
    throw new UsageError(
      '--keep-master-key, --replace-master-key and --new-master-key-file exclude each other.',
    );
  }
  const named = names.find((each) => each === name);
  if (name !== undefined && !named)
    throw new UsageError(`${name} is no name. ${didYouMean(name, names)}Names: ${names.join(', ')}.`);
  const isItsFile = named === 'master-key' && options.newMasterKeyFile !== undefined;
  if (named && ofMasterKey.length > 0 && !isItsFile)
    throw new UsageError('Give either a name or an option, not both.');
  if (named !== 'image-store' && (options.keysFile !== undefined || options.keysStdin))
    throw new UsageError('--keys-file and --keys-stdin are for: smoocho secrets rotate image-store');
  return named;
}

/** The options that do what the name says. */
function chosenOf(named: Name | undefined, options: Options): Options {
  if (named === 'tokens') return { ...options, keepMasterKey: true };
  if (named === 'master-key' && options.newMasterKeyFile === undefined)
    return { ...options, replaceMasterKey: true };
  return options;
}

async function changeDatabasePassword(shell: Shell): Promise<undefined> {
  await shell.withApp(async (app) => {
    const change = await rotateDatabasePassword(systemContext(app, 'cli'), app.databaseUrl);
    const of = change.kind === 'embedded' ? 'The embedded PostgreSQL' : `The role ${change.role}`;
    shell.say(`${of} has a new password, which is in ${change.file} of the home already.`);
    if (change.kind === 'external')
      shell.say(
        'Another machine on this database needs the databaseUrl of this config.json before it starts.',
      );
    shell.give(change);
  });
}

async function changeStoreKeys(shell: Shell, options: Options): Promise<undefined> {
  const keys = await readKeys(shell, options);
  await shell.withApp(async (app) => {
    await replaceStoreKeys(systemContext(app, 'cli'), keys);
    shell.say(
      'The new keys write, read and take away in the bucket, and are in config.json.',
      'Restart each server, and take the old keys away after that: what runs still uses them.',
    );
    shell.give({ kind: 'image-store', file: 'config.json' });
  });
}

async function readKeys(shell: Shell, options: Options): Promise<StoreKeys> {
  const text =
    typeof options.keysFile === 'string'
      ? await readSmallFile(options.keysFile, 'keys')
      : options.keysStdin
        ? await readSmallFile('-')
        : await askKeys(shell);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const [accessKey, secretKey, ...rest] = lines;
  if (!accessKey || !secretKey || rest.some(Boolean))
    throw new UsageError('These are not two lines: the access key, and the secret key below it.');
  return { accessKey, secretKey };
}

async function askKeys(shell: Shell): Promise<string> {
  if (!shell.isInteractive)
    throw new UsageError(
      'No keys were given. Use --keys-file FILE or --keys-stdin: the access key and the secret key, a line each.',
    );
  const { input, password } = await import('@inquirer/prompts');
  const accessKey = await input({ message: 'The new access key' });
  return `${accessKey}\n${await password({ message: 'Its secret key', mask: true })}`;
}

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

function describe(app: App, { tokenKey, masterKeyFile }: Rotated, { keepMasterKey }: Options): string[] {
  if (tokenKey === null) return [describeMasterKey(app, masterKeyFile as string)];
  const done =
    'Tokens and seals have new keys. Running servers use them within ten seconds; nobody is signed out.';
  if (masterKeyFile !== null) {
    return [done, `The master key is new, too: keep a copy of ${masterKeyFile} apart from the database.`];
  }
  if (!isInHome(app)) {
    return [
      done,
      'The master key stayed, for it comes from the environment. Change it with --new-master-key-file FILE.',
    ];
  }
  if (keepMasterKey || !mayHaveOtherMachines(app.config)) return [done, 'The master key stayed.'];
  return [
    done,
    'The master key stayed, for other machines may use this database, each with a copy of it. Replace it with --replace-master-key.',
  ];
}

function describeMasterKey(app: App, file: string): string {
  const wrapped = `All keys are wrapped with the master key in ${file}.`;
  const keep = 'keep a copy of it apart from the database.';
  return isInHome(app)
    ? `${wrapped} Copy it to every other machine on this database before the next change or start there: what runs goes on until then. And ${keep}`
    : `${wrapped} Restart each server with MASTER_KEY_FILE=${file}, and ${keep}`;
}
