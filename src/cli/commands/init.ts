import { parse } from '../../contract/parse.ts';
import { NewShop } from '../../contract/shops.ts';
import { NewUser } from '../../contract/users.ts';
import type { StoreFinding } from '../../storage/check-store.ts';
import { askSetUp } from '../ask-set-up.ts';
import type { Command, Shell } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { passwordOptions, readPassword } from '../passwords.ts';
import { type SetUpAnswers, setUp } from '../set-up.ts';

export const init: Command = {
  name: 'init',
  summary: 'Set your shop up: database, first shop, its owner. Again, it changes nothing',
  options: [
    { flags: '--yes', description: 'ask nothing; take everything from the options below' },
    { flags: '--shop-name <name>', description: 'as it stands on the receipt' },
    { flags: '--shop-code <code>', description: "2 to 4 letters in front of every bill's number" },
    { flags: '--currency <code>', description: 'ISO 4217, such as INR' },
    { flags: '--timezone <zone>', description: 'IANA name, such as Asia/Kolkata' },
    { flags: '--owner-name <name>', description: "the owner's name" },
    { flags: '--owner-email <email>', description: 'what the owner signs in with' },
    ...passwordOptions,
  ],
  example:
    'smoocho init --yes --shop-name "Kulfi Corner" --shop-code KULF --currency INR --timezone Asia/Kolkata ' +
    '--owner-name Asha --owner-email asha@example.com --password-file owner-password.txt',
  async run(shell, options) {
    const result = await setUp(shell.config, () =>
      shell.isInteractive && !options.yes ? askSetUp() : readAnswers(shell, options),
    );
    const names = result.shops.map((shop) => `${shop.name} (${shop.code})`).join(', ');
    shell.say(
      ...(result.created
        ? [`${names} is set up in ${result.home}.`, 'Open it: smoocho start']
        : [
            `Everything is set up in ${result.home} already${names ? `: ${names}` : ''}. Nothing was changed.`,
          ]),
    );
    const storeFindings = await checkImageStore(shell);
    if (storeFindings.length > 0) shell.say(...storeFindings.map(({ detail }) => detail));
    shell.give({ ...result, storeFindings });
    return undefined;
  },
};

/** A shop sells without pictures: what is wrong with a bucket for them is said, and holds nothing up. */
async function checkImageStore({ config }: Shell): Promise<StoreFinding[]> {
  if (config.imageStore !== 'minio') return [];
  const { checkStore } = await import('../../storage/check-store.ts');
  return await checkStore('minio', config);
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
