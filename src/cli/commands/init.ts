import { readBackupConfig } from '../../config.ts';
import { parse } from '../../contract/parse.ts';
import { NewShop } from '../../contract/shops.ts';
import { NewUser } from '../../contract/users.ts';
import type { StoreFinding } from '../../storage/check-store.ts';
import type { Command, Shell } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { passwordOptions, readPassword } from '../passwords.ts';
import { checkRecovery, keyByOptions, type MadeKey, recoveryOptions } from '../recovery-key.ts';
import { isFresh, needsSetUp, type SetUpAnswers, type SetUpResult, setUp } from '../set-up.ts';
import { upgradeSchema } from '../upgrade-schema.ts';
import { wizard } from '../wizard.ts';

export const init: Command = {
  name: 'init',
  summary:
    'Set your shop up: database, first shop, its owner; on a terminal also from a backup. Again, it changes nothing',
  options: [
    { flags: '--yes', description: 'ask nothing; take everything from the options below' },
    { flags: '--shop-name <name>', description: 'as it stands on the receipt' },
    { flags: '--shop-code <code>', description: "2 to 4 letters in front of every bill's number" },
    { flags: '--currency <code>', description: 'ISO 4217, such as INR' },
    { flags: '--timezone <zone>', description: 'IANA name, such as Asia/Kolkata' },
    { flags: '--owner-name <name>', description: "the owner's name" },
    { flags: '--owner-email <email>', description: 'what the owner signs in with' },
    ...passwordOptions,
    ...recoveryOptions,
  ],
  example:
    'smoocho init --yes --shop-name "Kulfi Corner" --shop-code KULF --currency INR --timezone Asia/Kolkata ' +
    '--owner-name Asha --owner-email asha@example.com --password-file owner-password.txt',
  async run(shell, options) {
    checkRecovery(options);
    if (shell.isInteractive && !options.yes && (await needsSetUp(shell.config))) {
      const done = await wizard(shell, options);
      if (done.kind === 'new') say(shell, done.result, done.key);
      await sayStoreFindings(shell);
      return undefined;
    }
    if (!isFresh(shell.config)) await upgradeSchema(shell, shell.config, false);
    const result = await setUp(shell.config, () => readAnswers(shell, options));
    const key = result.created ? await keyByOptions(shell.config.home, options, new Date()) : undefined;
    say(shell, result, key);
    const storeFindings = await sayStoreFindings(shell);
    const { recoveryRecipient } = readBackupConfig(shell.config.home);
    shell.give({ ...result, recoveryRecipient, storeFindings });
    return undefined;
  },
};

function say(shell: Shell, { created, home, isServed, shops }: SetUpResult, key: MadeKey | undefined): void {
  const names = shops.map((shop) => `${shop.name} (${shop.code})`).join(', ');
  if (!created) {
    shell.say(`Everything is set up in ${home} already${names ? `: ${names}` : ''}. Nothing was changed.`);
    return;
  }
  shell.say(
    `${names} is set up in ${home}.`,
    'While it runs it makes a backup each night at three, and restores one for trial each Sunday: smoocho backup schedule',
    key
      ? key.file
        ? `The key that opens them on another machine is in ${key.file}: print it, or copy it away, and then remove it here.`
        : 'They open with your recovery key.'
      : 'Only this machine can open them. Make a recovery key, and keep it away from the shop: smoocho backup key create',
    isServed ? 'It is open: the server runs.' : 'Open it: smoocho start',
  );
}

/** Prints what is wrong with the bucket for pictures, but does not fail: a shop can sell without pictures. */
async function sayStoreFindings(shell: Shell): Promise<StoreFinding[]> {
  if (shell.config.imageStore !== 'minio') return [];
  const { checkStore } = await import('../../storage/check-store.ts');
  const findings = await checkStore('minio', shell.config);
  if (findings.length > 0) shell.say(...findings.map(({ detail }) => detail));
  return findings;
}

const needed = ['shopName', 'shopCode', 'currency', 'timezone', 'ownerName', 'ownerEmail'] as const;

async function readAnswers(shell: Shell, options: Record<string, unknown>): Promise<SetUpAnswers> {
  const missing = needed.filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    const flags = missing.map(
      (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    );
    throw new UsageError(`Nobody is there to be asked, so these are needed: ${flags.join(', ')}.`);
  }
  const { shopName, shopCode, currency, timezone, ownerName, ownerEmail } = options;
  const shop = parse(NewShop, { name: shopName, code: shopCode, currency, timezone });
  const password = await readPassword(shell, options, 'A password for the owner');
  const { role: _, ...owner } = parse(NewUser, {
    name: ownerName,
    email: ownerEmail,
    role: 'owner',
    password,
  });
  return { shop, owner };
}
