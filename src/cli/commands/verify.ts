import { findShopByCode, listAllShops } from '../../core/shops/find-shops.ts';
import { type CheckResult, checks, type VerifiedShop, verifyShop } from '../../core/verify/verify-shop.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatCount } from '../output/format.ts';
import { paragraphs } from '../output/in-line.ts';
import { startProgress } from '../output/progress.ts';

/** Of each check; `--json` has the first hundred. */
const SHOWN_FAULTS = 5;

export const verify: Command = {
  name: 'verify',
  summary:
    'Hold the books of the shops against each other: bills, numbers, money, stock, reports, feed, audit',
  details:
    'WARN (severity: warning with --json) names what an earlier version took and this one would not, such as two articles under one barcode: it stays, and the exit code is 0.',
  options: [{ flags: '--shop <code>', description: 'one shop, by its code (default: all)' }],
  example: 'smoocho verify --shop KULF',
  async run(shell, { shop: code }) {
    return await shell.withApp(async (app) => {
      const em = app.orm.em.fork();
      const shops = code === undefined ? await listAllShops(em) : [await findShopByCode(em, code as string)];
      const progress = startProgress('Checking', shops.length * checks.length);
      const verified: VerifiedShop[] = [];
      let begun = 0;
      try {
        for (const { id } of shops) {
          verified.push(
            await verifyShop({ app, em }, id, ({ holds }) => progress.update(begun++, holds.toLowerCase())),
          );
        }
      } finally {
        progress.stop();
      }
      const isSound = verified.every((shop) => shop.isSound);
      shell.print(
        ...(verified.length === 0 ? ['There is no shop yet.'] : paragraphs(verified.map(describe))),
      );
      shell.give({ isSound, shops: verified });
      return isSound ? exitCodes.done : exitCodes.checkFoundProblems;
    });
  },
};

const verdictOf = ({ isSound, checks }: VerifiedShop) => {
  if (!isSound)
    return 'Something does not agree. Keep a copy of the data as it is before anything is mended.';
  return checks.every(({ wrong }) => wrong === 0)
    ? 'Everything agrees.'
    : 'The books agree. Look at the warnings.';
};

function describe(shop: VerifiedShop): string[] {
  const { code, name, checks } = shop;
  const verdict = verdictOf(shop);
  return [`${name} (${code})`, ...checks.flatMap(describeCheck), verdict];
}

/** "no payments or voids", "1 bill", "2,000 bills": `many` is what there is of several. */
export function counted(number: number, many: string): string {
  const either = many.replace(' and ', ' or ');
  if (number === 0) return `no ${either}`;
  return number === 1 ? `1 ${either.replace(/(\w)s\b/g, '$1')}` : `${formatCount(number)} ${many}`;
}

function describeCheck(result: CheckResult): string[] {
  const { severity, holds, counts, checked, wrong, faults, notes = [] } = result;
  const looked = counted(checked, counts);
  const noted = notes.map((note) => `           ${note}`);
  if (wrong === 0) return [`  ok     ${holds} (${looked})`, ...noted];
  const shown = faults.slice(0, SHOWN_FAULTS);
  const more = wrong > shown.length ? [`           … and ${formatCount(wrong - shown.length)} more`] : [];
  return [
    `${severity === 'warning' ? '  WARN ' : '  WRONG'}  ${holds}: not so for ${formatCount(wrong)} (${looked})`,
    ...shown.map(({ subject, detail }) => `           ${subject}: ${detail}`),
    ...more,
    ...noted,
  ];
}
