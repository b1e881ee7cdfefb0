import { statSync } from 'node:fs';
import { isTooDeep, TOO_DEEP } from '../../contract/hygiene.ts';
import { parse } from '../../contract/parse.ts';
import { SetUpAnswers } from '../../contract/set-up.ts';
import { taxTemplateNames } from '../../contract/tax-templates.ts';
import type { Option, Shell } from '../command.ts';
import { didYouMean } from '../did-you-mean.ts';
import { UsageError } from '../exit-codes.ts';
import { passwordOptions, readPassword } from '../passwords.ts';
import { recoveryOptions } from '../recovery-key.ts';
import { readSmallFile } from '../small-file.ts';

/** The answers by flags. Each name is one of SetUpAnswers. */
export const answerOptions: Option[] = [
  {
    flags: '--answers <file>',
    description: 'JSON with the answers, named as these options are (shopName …); - for standard input',
  },
  { flags: '--shop-name <name>', description: 'as it stands on the receipt' },
  {
    flags: '--shop-code <code>',
    description: "2 to 4 letters in front of every bill's number (default: from the name)",
  },
  { flags: '--country <code>', description: 'ISO 3166, such as IN: brings currency, time zone and tax' },
  { flags: '--currency <code>', description: 'ISO 4217, such as INR' },
  { flags: '--timezone <zone>', description: 'IANA name, such as Asia/Kolkata' },
  {
    flags: '--tax <template>',
    description: 'in-gst, in-composition, eu-vat, uk-vat, sales-tax or none',
    values: taxTemplateNames,
  },
  { flags: '--tax-rate <percent>', description: 'of sales-tax, such as 8.875' },
  {
    flags: '--tax-number <number>',
    description: 'with which the shop is registered for tax: in India its GSTIN, which brings the State',
  },
  { flags: '--owner-name <name>', description: "the owner's name" },
  { flags: '--owner-email <email>', description: 'what the owner signs in with' },
  ...passwordOptions,
  {
    flags: '--pictures <where>',
    description: 'folder or bucket (default: as the settings have it)',
    values: ['folder', 'bucket'],
  },
  { flags: '--backups <when>', description: 'nightly or off (default: nightly)', values: ['nightly', 'off'] },
  {
    flags: '--backup-to <place>',
    description: 'a folder, or s3://bucket/prefix (default: backups in the home)',
  },
  ...recoveryOptions,
];

type Options = Record<string, unknown>;

/** What is known without asking: the file, and flags, which win. Throws UsageError, `invalid_request`. */
export async function readAnswers(options: Options): Promise<SetUpAnswers> {
  const file = options.answers as string | undefined;
  if (file === '-' && options.passwordStdin)
    throw new UsageError(
      'Standard input has either the answers or the password: --answers - and --password-stdin exclude each other.',
    );
  const fromFile = file === undefined ? {} : parseAnswers(file, await readSmallFile(file));
  requireKnown(file, fromFile);
  const flags = Object.fromEntries(
    Object.keys(SetUpAnswers.shape).flatMap((name) =>
      options[name] === undefined ? [] : [[name, options[name]]],
    ),
  );
  return parse(SetUpAnswers, { ...fromFile, ...flags });
}

/** The password from where answers and options say; asked for on a terminal. Throws UsageError. */
export async function passwordOf(shell: Shell, answers: SetUpAnswers, options: Options): Promise<string> {
  const { passwordFile, password } = answers;
  if (password !== undefined && !options.passwordStdin && options.passwordFile === undefined) return password;
  return await readPassword(
    shell,
    { ...options, ...(passwordFile !== undefined && { passwordFile }) },
    'A password for the owner',
  );
}

/** What the answers are read from, as a sentence begins. */
const sourceOf = (file = '') => (file === '-' ? 'Standard input' : file);

function parseAnswers(file: string, text: string): object {
  const name = sourceOf(file);
  let answers: unknown;
  try {
    answers = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    // The parser's message quotes the text around the error, which may be a password.
    const place = /line \d+ column \d+/.exec((error as Error).message)?.[0];
    throw new UsageError(`${name} is not valid JSON${place ? `, from ${place} on` : ''}.`);
  }
  if (isTooDeep(answers)) throw new UsageError(`${name} ${TOO_DEEP}.`);
  if (typeof answers !== 'object' || answers === null || Array.isArray(answers))
    throw new UsageError(`${name} has no answers in braces, like {"shopName": "Kulfi Corner"}.`);
  if ('password' in answers && file !== '-') requireClosed(file);
  return answers;
}

function requireKnown(file: string | undefined, answers: object): void {
  const known = Object.keys(SetUpAnswers.shape);
  const unknown = Object.keys(answers).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const are = unknown.length === 1 ? 'is' : 'are';
  const meant = unknown.length === 1 ? didYouMean(unknown[0] as string, known) : '';
  throw new UsageError(
    `${sourceOf(file)} has ${unknown.slice(0, 10).join(', ')}, which ${are} not asked. ${meant}What is asked is called ${known.join(', ')}.`,
  );
}

const TO_OTHERS = 0o077;

function requireClosed(file: string): void {
  if (process.platform === 'win32' || (statSync(file).mode & TO_OTHERS) === 0) return;
  throw new UsageError(`${file} has a password in it and is open to others. Close it: chmod 600 ${file}`);
}
