import type { Config } from '../../config.ts';
import {
  defaultsOf,
  findTaxNumberFault,
  fitsCountry,
  hasGstin,
  openingSettings,
} from '../../contract/opening.ts';
import { parse } from '../../contract/parse.ts';
import type { SetUpAnswers } from '../../contract/set-up.ts';
import { SettingsChange } from '../../contract/settings.ts';
import { NewShop } from '../../contract/shops.ts';
import { readTaxNumber } from '../../contract/tax-registration.ts';
import { type TaxTemplateName, taxTemplates, templatesFor } from '../../contract/tax-templates.ts';
import { checkPassword } from '../../core/auth/password-rules.ts';
import type { Owner } from '../../core/shops/claim-installation.ts';
import type { SetUpState } from '../../core/shops/read-set-up-state.ts';
import { UsageError } from '../exit-codes.ts';
import { flagNamed } from '../option-names.ts';
import type { SetUpWork } from './set-up.ts';
import { suggestCode } from './suggest-code.ts';

/** The answers with what follows from them: a country's currency, zone and tax, and the usual. */
export type Plan = {
  shop: NewShop;
  /** Empty where none was named: phone numbers then follow the currency. */
  country: string;
  /** Null: what the currency brings, without tax classes. */
  tax: TaxTemplateName | null;
  /** In per cent, of `sales-tax`. */
  taxRate: string;
  /** Empty: not registered. */
  taxNumber: string;
  /** Null where the installation has an owner. */
  owner: Owner | null;
  /** Null: as the settings have it. */
  pictures: 'folder' | 'bucket' | null;
  backups: 'nightly' | 'off';
  /** Null: the folder `backups` of the home. */
  backupTo: string | null;
};

type Named = Partial<SetUpAnswers>;

/** The plan of these answers. Throws UsageError for what is missing or can't be together, `invalid_request` for the password. */
export async function planOf(answers: Named, state: SetUpState): Promise<Plan> {
  const country = answers.country ?? soleCountryOf(answers.tax);
  const given = { ...defaultsOf(country), ...defined(answers) };
  const code = given.shopCode ?? suggestCode(given.shopName ?? '');
  requireAnswers(answers, state);
  if (given.tax !== undefined) requireFitting(given.tax, country);
  const { shopName: name, currency, timezone } = given;
  const shop = parse(NewShop, { name, code, currency, timezone });
  return {
    shop,
    country: country ?? '',
    tax: given.tax ?? null,
    taxRate: given.taxRate ?? '0',
    taxNumber: taxNumberOf(given, country, shop),
    owner: state === 'owner' ? null : await ownerOf(given, shop),
    pictures: given.pictures ?? null,
    backups: given.backups ?? 'nightly',
    backupTo: given.backupTo ?? null,
  };
}

const defined = (answers: Named): Named =>
  Object.fromEntries(Object.entries(answers).filter(([, value]) => value !== undefined));

/** A template of one country says which. */
function soleCountryOf(tax: TaxTemplateName | undefined): string | undefined {
  const countries = tax === undefined ? null : taxTemplates[tax].countries;
  return countries?.length === 1 ? countries[0] : undefined;
}

/** Throws UsageError for answers that are missing. */
export function requireAnswers(answers: Named, state: SetUpState): void {
  const given = { ...defaultsOf(answers.country ?? soleCountryOf(answers.tax)), ...defined(answers) };
  requireAll({ ...given, shopCode: given.shopCode ?? suggestCode(given.shopName ?? '') }, state);
}

function requireAll(given: Named, state: SetUpState): void {
  const needed: (keyof SetUpAnswers)[] = ['shopName', 'shopCode', 'currency', 'timezone'];
  if (state !== 'owner') needed.push('ownerName', 'ownerEmail');
  if (state !== 'owner' && given.password === undefined) needed.push('passwordFile');
  const missing = needed.filter((name) => given[name] === undefined);
  if (missing.length === 0) return;
  const follows = missing.includes('currency') && given.country === undefined;
  throw new UsageError(
    `Nobody is there to be asked, so these are needed: ${missing.map(optionOf).join(', ')}.${follows ? ' --country CODE brings a currency, a time zone and a tax.' : ''}`,
  );
}

const optionOf = (name: string) =>
  name === 'passwordFile' ? '--password-file FILE or --password-stdin' : flagNamed(name);

function requireFitting(tax: TaxTemplateName, country: string | undefined): void {
  if (fitsCountry(tax, country)) return;
  throw new UsageError(
    country === undefined
      ? `--tax ${tax} is for ${taxTemplates[tax].countries?.join(', ')}: say which with --country.`
      : `--tax ${tax} is not for ${country}. There it is one of ${templatesFor(country).join(', ')}.`,
  );
}

/** Throws UsageError for a registration number that can be none in the country that was named with it. */
export function requireTaxNumber({
  taxNumber,
  tax,
  country = soleCountryOf(tax),
  currency = '',
}: Named): void {
  if (taxNumber === undefined || (country === undefined && currency === '')) return;
  const fault = findTaxNumberFault({ country: country ?? '', currency, taxNumber });
  if (fault !== undefined) throw new UsageError(`--tax-number ${fault}.`);
}

function taxNumberOf({ taxNumber = '' }: Named, country = '', { currency }: NewShop): string {
  requireTaxNumber({ taxNumber, country, currency });
  return readTaxNumber(hasGstin({ country, currency }), taxNumber).value ?? '';
}

async function ownerOf({ ownerName, ownerEmail, password }: Named, shop: NewShop): Promise<Owner> {
  const owner = { name: ownerName as string, email: ownerEmail as string, password: password ?? '' };
  await checkPassword(owner.password, { ...owner, role: 'owner', shops: [shop] });
  return owner;
}

/** The settings that the shop starts with; none where neither a country nor a tax was named. */
export const settingsOf = ({ shop: { currency }, ...plan }: Plan): SettingsChange =>
  parse(SettingsChange, openingSettings({ ...plan, currency }));

/** What is to be made of the plan, on this machine. Throws UsageError. */
export async function workOf(plan: Plan, config: Config): Promise<SetUpWork> {
  return {
    shop: plan.shop,
    owner: plan.owner,
    settings: settingsOf(plan),
    imageStore: imageStoreOf(plan, config),
    backup: {
      ...(plan.backups === 'off' ? { schedule: null, drill: null } : {}),
      ...(plan.backupTo === null ? {} : { to: await placeOf(config, plan.backupTo) }),
    },
  };
}

function imageStoreOf({ pictures }: Plan, { imageStore, s3 }: Config): SetUpWork['imageStore'] {
  if (pictures === 'bucket' && !s3) {
    throw new UsageError(
      'No bucket is known for the pictures. Set S3_ENDPOINT, S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY, or take --pictures folder.',
    );
  }
  const wanted = pictures === 'bucket' ? 'minio' : 'filesystem';
  // Nothing to say where it is so anyway.
  const isSo = wanted === (imageStore ?? 'filesystem');
  return pictures === null || isSo ? null : wanted;
}

/** As it stands in the settings. Throws BackupRefusedError for a folder that isn't there, ConfigError for no place at all. */
export async function placeOf(config: Config, to: string): Promise<string> {
  const { describePlace, findPlace } = await import('../../backup/places.ts');
  return describePlace(findPlace(config, to));
}
