import type { z } from 'zod';
import { defaultsOf } from '../../contract/opening.ts';
import { text } from '../../contract/primitives.ts';
import { TaxRate } from '../../contract/set-up.ts';
import { ShopCode } from '../../contract/shops.ts';
import { taxTemplates, templatesFor } from '../../contract/tax-templates.ts';
import { Email, OWNER_PASSWORD_MIN } from '../../contract/users.ts';
import { findPasswordFault } from '../../core/auth/password-rules.ts';
import { askMasked } from '../ask-masked.ts';
import { failureOf } from '../failure.ts';
import { fitWords } from '../output/labelled.ts';
import { ask, BACK, type Back, find, fitted, fitVerdict, type Listed } from './ask.ts';
import type { Draft, SetUpContext } from './draft.ts';
import { countryList, currencyList, likelyCountry, zoneList } from './lists.ts';
import { placeOf } from './plan.ts';
import { suggestCode } from './suggest-code.ts';
import { askTaxNumber } from './tax-number.ts';

/** Asks something and gives what it changes of the draft. */
export type Question = (draft: Draft, context: SetUpContext) => Promise<Partial<Draft> | Back>;

const prompts = () => import('@inquirer/prompts');

export type QuestionName =
  | 'shopName'
  | 'country'
  | 'taxNumber'
  | 'ownerName'
  | 'ownerEmail'
  | 'password'
  | 'pictures'
  | 'backups'
  | 'shopCode'
  | 'currency'
  | 'timezone'
  | 'tax'
  | 'backupTo';

/** Each question, by what it is about. Answers to the last five follow from others, and are asked for to correct them. */
export const questions: Record<QuestionName, Question> = {
  shopName: async (draft) =>
    name('shopName', await askText('What is your shop called?', text(255), draft.shopName)),

  async country(draft, context) {
    const country = await askList('In which country is it?', countryList(), draft.country ?? likelyCountry());
    if (country === BACK) return BACK;
    if (country === draft.country) return {};
    // What followed from another country goes.
    const fresh = {
      country,
      currency: undefined,
      timezone: undefined,
      tax: undefined,
      taxRate: undefined,
      taxNumber: undefined,
    };
    const { currency, timezone } = defaultsOf(country);
    if (timezone === undefined) {
      const zone = await questions.timezone({ ...draft, country }, context);
      return zone === BACK ? BACK : { ...fresh, ...zone };
    }
    return currency === undefined ? BACK : fresh;
  },
  taxNumber: askTaxNumber,

  ownerName: async (draft) => name('ownerName', await askText('Your name', text(255), draft.ownerName)),
  ownerEmail: async (draft) =>
    name('ownerEmail', await askText('Your e-mail, to sign in with', Email, draft.ownerEmail)),
  password: (draft) => askPassword(draft),

  async pictures({ pictures }, { config }) {
    const { select } = await prompts();
    const answer = await ask((context) =>
      select(
        fitted<'folder' | 'bucket'>({
          message: 'Where are pictures of products kept?',
          choices: [
            { value: 'folder', name: 'In a folder of this machine' },
            {
              value: 'bucket',
              name: 'In a bucket (S3)',
              disabled: config.s3 ? false : '(there are no S3 settings yet: docs/pictures.md)',
            },
          ],
          default: pictures ?? (config.imageStore === 'minio' ? 'bucket' : 'folder'),
        }),
        context,
      ),
    );
    return name('pictures', answer);
  },

  async backups({ backups, key }) {
    const { select } = await prompts();
    const given = key === 'given';
    const answer = await ask((context) =>
      select(
        fitted({
          message: 'Backups are encrypted, and made while the server runs. When?',
          choices: [
            given
              ? { value: 'given', name: 'Each night, for the recovery key that was named' }
              : { value: 'paper', name: 'Each night; a recovery key for your safe is shown at the end' },
            ...(given ? [] : [{ value: 'later', name: 'Each night; the recovery key later' }]),
            { value: 'off', name: 'None by themselves' },
          ],
          default: backups === 'off' ? 'off' : (key ?? 'paper'),
        }),
        context,
      ),
    );
    if (answer === BACK) return BACK;
    return answer === 'off' ? { backups: 'off' } : { backups: 'nightly', key: answer as Draft['key'] };
  },

  shopCode: async (draft) =>
    name(
      'shopCode',
      await askText(
        "Its code, 2 to 4 letters, in front of every bill's number",
        ShopCode,
        draft.shopCode ?? suggestCode(draft.shopName ?? ''),
      ),
    ),
  currency: async (draft) =>
    name(
      'currency',
      await askList('Its currency', currencyList(), draft.currency ?? defaultsOf(draft.country).currency),
    ),
  timezone: async (draft) =>
    name(
      'timezone',
      await askList(
        'Its time zone',
        zoneList(draft.country),
        draft.timezone ?? defaultsOf(draft.country).timezone,
      ),
    ),

  async tax(draft) {
    const { select } = await prompts();
    const tax = await ask((context) =>
      select(
        fitted({
          message: 'Its tax (rates can be changed at any time)',
          choices: templatesFor(draft.country ?? '').map((value) => ({
            value,
            name: taxTemplates[value].title,
          })),
          default: draft.tax ?? defaultsOf(draft.country).tax,
        }),
        context,
      ),
    );
    if (tax === BACK || tax !== 'sales-tax') return name('tax', tax);
    const taxRate = await askText('How many percent, all levels together?', TaxRate, draft.taxRate);
    return taxRate === BACK ? BACK : { tax, taxRate };
  },

  async backupTo(draft, { config }) {
    const { input } = await prompts();
    const answer = await ask((context) =>
      input(
        {
          message: fitWords('A folder, best on another disk, or s3://bucket/prefix; empty for this home'),
          default: draft.backupTo,
          validate: async (to) =>
            to.trim() === '' ||
            (await placeOf(config, to.trim()).then(
              () => true as const,
              (error) => fitWords(failureOf(error).message),
            )),
        },
        context,
      ),
    );
    return answer === BACK ? BACK : { backupTo: answer.trim() || undefined };
  },
};

/** One answer as a change of the draft. */
const name = <K extends keyof Draft>(key: K, answer: Draft[K] | Back): Partial<Draft> | Back =>
  answer === BACK ? BACK : ({ [key]: answer } as Partial<Draft>);

async function askText<S extends z.ZodType<string>>(
  message: string,
  schema: S,
  suggestion: string | undefined,
): Promise<string | Back> {
  const { input } = await prompts();
  const answer = await ask((context) =>
    input(
      {
        message: fitWords(message),
        ...(suggestion === undefined ? {} : { default: suggestion }),
        validate: (value) => fitVerdict(check(schema, value)),
      },
      context,
    ),
  );
  return answer === BACK ? BACK : schema.parse(answer);
}

/** A list to choose from, by typing the beginning of a word. */
async function askList(
  message: string,
  list: readonly Listed[],
  suggestion: string | undefined,
): Promise<string | Back> {
  const { search } = await prompts();
  // What is suggested stands first: the list may be longer than the screen.
  const first = list.filter(({ value }) => value === suggestion);
  const all = [...first, ...list.filter(({ value }) => value !== suggestion)];
  return await ask((context) =>
    search(
      { message: fitWords(`${message} (type to search)`), source: (term) => find(all, term), pageSize: 8 },
      context,
    ),
  );
}

/** A new password and the same once more. Esc at the second one leads back to the first. */
async function askPassword(draft: Draft): Promise<Partial<Draft> | Back> {
  for (;;) {
    const first = await askMasked(ask, `A password, at least ${OWNER_PASSWORD_MIN} characters`, (value) =>
      checkOwnPassword(draft, value),
    );
    if (first === BACK) return BACK;
    const second = await askMasked(
      ask,
      'The same once more',
      (value) =>
        value === first || 'It differs. Type it again, or press Esc to begin with the first one anew.',
    );
    if (second !== BACK) return { password: first };
  }
}

/** Whether a password will do for the owner that the draft names. */
export async function checkOwnPassword(draft: Draft, value: string): Promise<true | string> {
  const fault = await findPasswordFault(value, {
    role: 'owner',
    name: draft.ownerName ?? '',
    email: draft.ownerEmail ?? '',
    shops: [{ name: draft.shopName ?? '', code: draft.shopCode ?? suggestCode(draft.shopName ?? '') }],
  });
  return fault === null || `It ${fault}.`;
}

function check(schema: z.ZodType, value: string): true | string {
  const result = schema.safeParse(value);
  return (
    result.success ||
    `"${value}" ${result.error.issues[0]?.message ?? 'is not right'}`.replace(/^"" /, 'This ')
  );
}
