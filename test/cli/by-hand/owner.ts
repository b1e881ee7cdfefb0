import { expect } from 'chai';
import type { z } from 'zod';
import { customerAnswers } from '../../../src/contract/command-answers/customer.ts';
import { inventoryAnswers } from '../../../src/contract/command-answers/inventory.ts';
import { orderAnswers } from '../../../src/contract/command-answers/order.ts';
import { productAnswers } from '../../../src/contract/command-answers/product.ts';
import { settingsAnswers } from '../../../src/contract/command-answers/settings.ts';
import { shopAnswers } from '../../../src/contract/command-answers/shop.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { type BusyShop, givenBusyShop } from '../../support/busy-shop.ts';
import { eventsOf, givenShop, type TestShop } from '../../support/factories.ts';
import { type RanHere, runHere } from '../../support/in-process.ts';

/** What the commands print with `--json`, by their names. */
export const answers: Record<string, z.ZodType> = {
  ...productAnswers,
  ...settingsAnswers,
  ...shopAnswers,
  ...orderAnswers,
  ...customerAnswers,
  ...inventoryAnswers,
};

type World = { test: TestApp; shop: BusyShop; other: TestShop };
export type Owner = ReturnType<typeof givenOwner>;

/** For the suite around: a busy shop, another one, and ways to run commands there as its owner. */
export function givenOwner() {
  let at: World;
  const tried = new Set<string>();
  before(async () => {
    const test = await startTestApp({ seals: false });
    at = { test, shop: await givenBusyShop(test, 'BUSY'), other: await givenShop(test, 'ELSE') };
  });
  after(() => at.test.close());

  const run = (...words: string[]) => runHere(at.test, ...words, '--shop=busy');
  const fails = ({ code, stderr, stdout }: RanHere) => {
    expect(stdout).to.equal('');
    return [code, stderr];
  };
  /** The command's JSON, held against its schema. */
  const json = async (...words: string[]) => {
    const { code, stderr, json: read } = await run(...words, '--json');
    expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
    const name = words.slice(0, 2).join(' ');
    tried.add(name);
    return (answers[name] as z.ZodType).parse(read());
  };
  const shown = async (...words: string[]) => {
    const { code, stdout, stderr } = await run(...words);
    expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd().replace(/ {2,}/g, '  '));
  };
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of any shape
  const any = async (...words: string[]) => (await json(...words)) as any;
  const lastEvent = async () => (await eventsOf(at.test, at.shop.id)).at(-1);
  return { world: () => at, tried, run, fails, json, shown, any, lastEvent };
}
