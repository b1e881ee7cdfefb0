import { countryName } from '../../contract/countries.ts';
import { describeIndianState } from '../../contract/indian-states.ts';
import { hasGstin, taxNumberNames } from '../../contract/opening.ts';
import { stateOfTaxNumber } from '../../contract/tax-registration.ts';
import { taxTemplates } from '../../contract/tax-templates.ts';
import { machineZone, zonesOf } from '../../contract/zones.ts';
import { inLine } from '../output/in-line.ts';
import { fitWords, wrap } from '../output/labelled.ts';
import { ask, type Back } from './ask.ts';
import type { Draft, SetUpContext } from './draft.ts';
import type { Plan } from './plan.ts';
import type { QuestionName } from './questions.ts';

type Row = { name: QuestionName; label: string; value: string };

/** What is going to be made, a line each. The password is not shown. */
export function rowsOf(plan: Plan, draft: Pick<Draft, 'key'>): Row[] {
  const { shop, owner, country } = plan;
  return [
    { name: 'shopName', label: 'Shop', value: shop.name },
    {
      name: 'shopCode',
      label: 'Code',
      value: `${shop.code}, so that bills are numbered ${shop.code}/…/000001`,
    },
    { name: 'country', label: 'Country', value: country === '' ? 'not named' : countryName(country) },
    { name: 'currency', label: 'Currency', value: shop.currency },
    { name: 'timezone', label: 'Time zone', value: shop.timezone + zoneRemark(plan) },
    { name: 'tax', label: 'Tax', value: describeTax(plan) },
    { name: 'taxNumber', label: labelOf(plan), value: describeNumber(plan) },
    ...(owner
      ? ([
          { name: 'ownerName', label: 'Owner', value: owner.name },
          { name: 'ownerEmail', label: 'E-mail', value: owner.email },
          { name: 'password', label: 'Password', value: '(not shown)' },
        ] as const)
      : []),
    {
      name: 'pictures',
      label: 'Pictures',
      value: {
        folder: 'in a folder of this machine',
        bucket: 'in a bucket (S3)',
        as: 'as the settings have it',
      }[plan.pictures ?? 'as'],
    },
    { name: 'backups', label: 'Backups', value: describeBackups(plan, draft) },
    { name: 'backupTo', label: 'They go to', value: plan.backupTo ?? 'the folder backups of the home' },
  ];
}

/** Of several zones that this machine knows nothing of, one was taken for granted. */
function zoneRemark({ country, shop }: Plan): string {
  const zones = country === '' ? [] : zonesOf(country);
  const isGuess = zones.length > 1 && zones[0] === shop.timezone && machineZone() !== shop.timezone;
  return isGuess ? ` (${countryName(country)} has several: look whether it is yours)` : '';
}

function describeTax({ tax, taxRate, country }: Plan): string {
  if (tax === null) return 'none yet';
  const { title, settings } = taxTemplates[tax];
  const { classes = [], mode } = settings({ country, rate: taxRate }).tax ?? {};
  if (classes.length === 0) return title;
  const percents = classes.map(({ rates }) => String(rates[0]?.percent)).join(', ');
  const remark = tax === 'sales-tax' && Number(taxRate) === 0 ? ' (your own rate is missing)' : '';
  return `${title}: ${percents} %, ${mode === 'inclusive' ? 'in the prices' : 'on top of the prices'}${remark}`;
}

function labelOf({ tax }: Plan): string {
  const title = taxNumberNames[tax ?? 'none'];
  return title.charAt(0).toUpperCase() + title.slice(1);
}

function describeNumber({ taxNumber, country, shop: { currency } }: Plan): string {
  if (taxNumber === '') return 'not registered';
  const state = hasGstin({ country, currency }) ? stateOfTaxNumber(taxNumber) : undefined;
  return state === undefined ? taxNumber : `${taxNumber}, of ${describeIndianState(state)}`;
}

const KEYS = {
  paper: 'a recovery key is shown at the end',
  later: 'the recovery key later',
  given: 'for the recovery key named',
};

function describeBackups({ backups }: Plan, { key = 'later' }: Pick<Draft, 'key'>): string {
  return backups === 'off' ? 'none by themselves' : `each night at three; ${KEYS[key]}`;
}

const WIDTH = 12;

/** Beside its label, wrapped between words. */
const fitValue = (value: string) =>
  wrap(value, Math.max(20, (process.stdout.columns ?? 80) - WIDTH - 2)).join(`\n${' '.repeat(WIDTH + 2)}`);

export type SummaryChoice = 'yes' | 'no' | QuestionName;

/** Shows everything, and asks whether it is right or which line is not. */
export async function confirmSummary(
  plan: Plan,
  draft: Draft,
  { config }: SetUpContext,
  { isDryRun, last }: { isDryRun: boolean; last: SummaryChoice },
): Promise<SummaryChoice | Back> {
  const { select } = await import('@inquirer/prompts');
  const choices: { value: SummaryChoice; name: string; short?: string }[] = [
    {
      value: 'yes',
      short: 'Yes',
      name: fitWords(
        isDryRun ? 'Yes, that is right (a dry run: nothing is written)' : `Yes, set it up in ${config.home}`,
        4,
      ),
    },
    ...rowsOf(plan, draft).map(({ name, label, value }) => ({
      value: name,
      name: `${label.padEnd(WIDTH)}${fitValue(inLine(value))}`,
      short: label,
    })),
    { value: 'no', name: 'No, stop here' },
  ];
  return await ask((context) =>
    select(
      {
        message: fitWords('Is everything right? Nothing is written yet; choose a line to correct it'),
        choices,
        pageSize: choices.length,
        loop: false,
        default: last,
      },
      context,
    ),
  );
}
