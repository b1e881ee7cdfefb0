import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { failureOf } from '../../../src/cli/failure.ts';
import { readAnswers } from '../../../src/cli/init/answers.ts';
import { find, fitted } from '../../../src/cli/init/ask.ts';
import { countryList, currencyList, zoneList } from '../../../src/cli/init/lists.ts';
import { planOf, settingsOf, workOf } from '../../../src/cli/init/plan.ts';
import { checkClock, preflight, requireNoProblem } from '../../../src/cli/init/preflight.ts';
import { suggestCode } from '../../../src/cli/init/suggest-code.ts';
import { taxNumberQuestion } from '../../../src/cli/init/tax-number.ts';
import { fitWords } from '../../../src/cli/output/labelled.ts';
import { loadConfig } from '../../../src/config.ts';
import type { SetUpAnswers } from '../../../src/contract/set-up.ts';
import { PASSWORD } from '../../support/cli.ts';
import { removeFolder, tempFolder } from '../../support/temp.ts';

const asha: SetUpAnswers = {
  shopName: 'Kulfi Corner',
  country: 'IN',
  ownerName: 'Asha',
  ownerEmail: 'asha@example.com',
  password: PASSWORD,
};
const refusal = async (work: () => Promise<unknown>) => {
  const error = await work().then(
    () => new Error('It was not refused.'),
    (thrown) => thrown,
  );
  const { exitCode, message } = failureOf(error);
  return [exitCode, message];
};

describe('answers of init', () => {
  let home: string;
  before(() => {
    home = tempFolder();
  });
  after(() => removeFolder(home));
  const config = (env = {}) => loadConfig({ home }, env);

  it('suggest a code from any name', () => {
    for (const [name, code] of [
      ['Café Élan', 'CE'],
      ['Café', 'CAFE'],
      ["L'Épicerie", 'LEPI'],
      ['Großmanns Eisdiele', 'GE'],
      ['Łódź Øl', 'LO'],
      ['Kulfi Corner', 'KC'],
      ['चाय', 'SHOP'],
      ['7', 'SHOP'],
      ['The Very Best Pizza Of All', 'TVBP'],
    ])
      expect(suggestCode(name as string), name).to.equal(code);
  });

  it('bring what follows from a country, and keep what was said', async () => {
    const plan = await planOf(asha, 'nothing');
    expect(plan.shop).to.deep.equal({
      name: 'Kulfi Corner',
      code: 'KC',
      currency: 'INR',
      timezone: 'Asia/Kolkata',
    });
    expect([plan.tax, settingsOf(plan).country]).to.deep.equal(['in-gst', 'IN']);
    const own = await planOf(
      { ...asha, country: 'DE', currency: 'CHF', timezone: 'Europe/Zurich', tax: 'none' },
      'nothing',
    );
    expect([own.shop.currency, own.shop.timezone, own.tax]).to.deep.equal(['CHF', 'Europe/Zurich', 'none']);
    // A number brings what follows from it, and is looked at with the country.
    const registered = await planOf({ ...asha, taxNumber: '27 abcpe1234f 1zb' }, 'nothing');
    expect(settingsOf(registered).tax).to.include({ split: 'gst', registrationNumber: '27ABCPE1234F1ZB' });
    const german = await planOf({ ...asha, country: 'DE', taxNumber: 'DE123456789' }, 'nothing');
    expect(settingsOf(german).tax).to.include({ split: 'none', registrationNumber: 'DE123456789' });
    const byCurrency = { country: undefined, currency: 'INR', timezone: 'Asia/Kolkata' };
    for (const changes of [{}, byCurrency])
      expect(
        await refusal(() => planOf({ ...asha, ...changes, taxNumber: 'DE123456789' }, 'nothing')),
      ).to.deep.equal([
        2,
        '--tax-number has 11 characters, and a GSTIN has 15: look at the registration certificate.',
      ]);
    // A template of one country names it; without either, the settings stay as the currency has them.
    expect(
      (await planOf({ ...asha, country: undefined, tax: 'in-composition' }, 'nothing')).country,
    ).to.equal('IN');
    const bare = { ...asha, country: undefined, currency: 'INR', timezone: 'Asia/Kolkata' };
    expect(settingsOf(await planOf(bare, 'nothing'))).to.deep.equal({});
    // Where there is an owner, only the shop is made.
    expect((await planOf({ shopName: 'Two', country: 'FR' }, 'owner')).owner).to.equal(null);
  });

  it('are refused with everything that is missing, and in words that agree', async () => {
    expect(await refusal(() => planOf({ shopName: 'X' }, 'nothing'))).to.deep.equal([
      2,
      'Nobody is there to be asked, so these are needed: --currency, --timezone, --owner-name, --owner-email, --password-file FILE or --password-stdin. --country CODE brings a currency, a time zone and a tax.',
    ]);
    expect(await refusal(() => planOf({ ...asha, password: 'seven77' }, 'nothing'))).to.deep.equal([
      2,
      "The password is shorter than 12 characters, an owner's least.",
    ]);
    expect(await refusal(() => planOf({ ...asha, password: 'Kulfi Corner 1' }, 'nothing'))).to.satisfy(
      ([code, message]: [number, string]) =>
        code === 2 && message.includes('the name, the e-mail or the shop'),
    );
    expect(await refusal(() => planOf({ ...asha, tax: 'eu-vat' }, 'nothing'))).to.deep.equal([
      2,
      '--tax eu-vat is not for IN. There it is one of in-gst, in-composition, none, sales-tax.',
    ]);
    const bucket = await planOf({ ...asha, pictures: 'bucket' }, 'nothing');
    expect(await refusal(() => workOf(bucket, config()))).to.satisfy(
      ([code, message]: [number, string]) => code === 2 && message.startsWith('No bucket is known'),
    );
    const nowhere = await planOf({ ...asha, backupTo: join(home, 'not-mounted') }, 'nothing');
    expect(await refusal(() => workOf(nowhere, config()))).to.satisfy(
      ([code, message]: [number, string]) => code === 6 && message.includes('There is no folder'),
    );
  });

  it('say which settings of the home they change', async () => {
    const s3 = {
      S3_ENDPOINT: 'http://127.0.0.1:9',
      S3_BUCKET: 'kulfi',
      S3_ACCESS_KEY: 'a',
      S3_SECRET_KEY: 'b',
    };
    const usb = join(home, 'usb');
    mkdirSync(usb);
    const work = await workOf(
      await planOf({ ...asha, pictures: 'bucket', backups: 'off', backupTo: usb }, 'nothing'),
      config(s3),
    );
    expect(work).to.deep.include({ imageStore: 'minio', backup: { schedule: null, drill: null, to: usb } });
    const usual = await workOf(await planOf({ ...asha, pictures: 'folder' }, 'nothing'), config());
    expect(usual).to.deep.include({ imageStore: null, backup: {} });
  });

  it('come from a file, which flags win over, and never out of one that others can read', async () => {
    const file = join(home, 'answers.json');
    const write = (text: string, mode = 0o600) => writeFileSync(file, text, { mode });
    write(JSON.stringify({ shopName: 'Kulfi Corner', taxRate: 8.5, password: PASSWORD }));
    expect(await readAnswers({ answers: file, shopName: 'Chai Stall', json: true })).to.deep.equal({
      shopName: 'Chai Stall',
      taxRate: '8.5',
      password: PASSWORD,
    });
    const read = () => readAnswers({ answers: file });
    write('{"shopName": "Kulfi", "password": correct horse}');
    expect(await refusal(read)).to.satisfy(
      ([code, message]: [number, string]) =>
        code === 2 && message.includes('is not valid JSON') && !message.includes('horse'),
    );
    write('["Kulfi"]');
    expect((await refusal(read))[1]).to.include('no answers in braces');
    write('{"shopname": "Kulfi"}');
    expect((await refusal(read))[1])
      .to.include('answers.json has shopname, which is not asked. Did you mean shopName?')
      .and.include('What is asked is called shopName,')
      .and.include('ownerEmail');
    write('{"shopname": "Kulfi", "town": "Pune"}');
    expect((await refusal(read))[1]).to.include('answers.json has shopname, town, which are not asked. What');
    write('{"currency": "XX", "tax": "vat"}');
    expect((await refusal(read))[1])
      .to.include('currency')
      .and.include('tax is not one of in-gst');
    expect((await refusal(() => readAnswers({ answers: join(home, 'none.json') })))[1]).to.match(
      /is not there\.$/,
    );
    const open = join(home, 'open.json');
    writeFileSync(open, JSON.stringify({ password: PASSWORD }), { mode: 0o644 });
    expect(await refusal(() => readAnswers({ answers: open }))).to.deep.equal([
      2,
      `${open} has a password in it and is open to others. Close it: chmod 600 ${open}`,
    ]);
    expect((await refusal(() => readAnswers({ answers: '-', passwordStdin: true })))[0]).to.equal(2);
  });
});

describe('lists of init', () => {
  const found = (list: ReturnType<typeof countryList>, term: string) =>
    find(list, term).map(({ value }) => value);

  it('are found by the beginning of any word, with or without accents', () => {
    expect(found(countryList(), 'ind')[0]).to.equal('IN');
    expect(found(countryList(), 'cote d')).to.deep.equal(['CI']);
    expect(found(countryList(), 'king')).to.include('GB');
    expect(found(countryList(), 'chf')).to.deep.equal(['LI', 'CH']);
    expect(found(currencyList(), 'rupee')).to.include('INR');
    expect(found(zoneList('US'), 'new york')).to.deep.equal(['America/New_York']);
    expect(zoneList('US')[0]?.value).to.equal('America/New_York');
    expect(found(countryList(), 'atlantis')).to.deep.equal([]);
    expect(countryList().find(({ value }) => value === 'KW')?.disabled).to.include('three decimals');
  });
});

describe('preflight', () => {
  let home: string;
  before(() => {
    home = tempFolder();
  });
  after(() => removeFolder(home));
  // What is wrong with a folder may come after the settings were read.
  const look = (overrides: object, needsPort = false) =>
    preflight({ ...loadConfig({ home, host: '127.0.0.1', port: 0 }, {}), ...overrides }, { needsPort });

  it('says what a machine lacks, each in a sentence', async () => {
    expect((await look({})).filter(({ state }) => state === 'problem')).to.deep.equal([]);
    const file = join(home, 'file');
    writeFileSync(file, '');
    const [blocked] = (await look({ home: join(file, 'home') })).filter(({ id }) => id === 'home');
    expect(blocked).to.include({ state: 'problem' });
    expect(blocked?.detail).to.include("can't be written to by this user (ENOTDIR)");
    expect(() => requireNoProblem([blocked as never])).to.throw('Nothing was changed.');
  });

  it('tells a port of another program from one of Smoocho', async () => {
    const mute = createTcp((socket) => socket.resume().end('HTTP/1.1 200 OK\r\n\r\n'));
    const ours = createServer((_request, response) =>
      response
        .writeHead(200, { 'x-request-id': 'a', 'content-type': 'application/json' })
        .end('{"status":"ok"}'),
    );
    for (const [server, words] of [
      [mute, 'is taken by another program'],
      [ours, 'A Smoocho server runs at port'],
    ] as const) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const at = async (needsPort: boolean) =>
        (await look({ port }, needsPort)).find(({ id }) => id === 'port');
      expect((await at(false))?.state).to.equal('warning');
      expect(await at(true)).to.include({ state: 'problem' });
      expect((await at(true))?.detail)
        .to.include(words)
        .and.include(`--port ${port + 1}`);
      // The preflight's connection stays open for another request.
      ours.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('knows a clock that can not be right', () => {
    const installed = new Date('2026-12-01T00:00:00Z');
    const state = (now: string) => checkClock(new Date(now), installed)?.state;
    expect(state('1970-01-01T00:01:00Z')).to.equal('problem');
    expect(state('2090-01-01T00:00:00Z')).to.equal('problem');
    expect(state('2026-10-31T00:00:00Z')).to.equal('problem');
    expect(state('2026-11-15T00:00:00Z')).to.equal('warning');
    expect(state('2026-12-02T00:00:00Z')).to.equal(undefined);
  });

  it('wraps what is asked, and what is wrong with an answer, between words', () => {
    const { columns } = process.stdout;
    process.stdout.columns = 40;
    try {
      const draft = { country: 'IN' };
      const { message, validate } = taxNumberQuestion(draft);
      const wrong = validate('27ABCPE1234F1ZC');
      const texts = [message, wrong as string, fitWords('word '.repeat(30).trim())];
      for (const text of texts)
        for (const line of text.split('\n')) expect(line.length, text).to.be.at.most(40);
      expect(wrong).to.match(/^"27ABCPE1234F1ZC" .*\n {2}\S/);
      expect([validate('-'), validate(''), fitWords('short')]).to.deep.equal([true, true, 'short']);
      const asked = fitted({
        message: 'Where are pictures of products kept?',
        choices: [{ value: 'folder', name: 'In a folder of this machine, as a backup has them, too' }],
      });
      expect(asked.message).to.equal('Where are pictures of products kept?');
      expect(asked.choices[0]?.name).to.match(/^In a folder of this machine, as a\n {2}backup/);
      // Beside the question there is no room for what was chosen.
      expect(asked.choices[0]?.short).to.match(/^\n {2}In a folder/);
    } finally {
      process.stdout.columns = columns;
    }
  });
});
