import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { PASSWORD, smoocho } from '../support/cli.ts';
import { testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal, type Terminal } from '../support/terminal.ts';
import {
  answerQuestions,
  answerWizard,
  CTRL_C,
  choose,
  DOWN,
  ESCAPE,
  GSTIN,
  steps,
} from '../support/wizard.ts';

const SUMMARY = 'Is everything right?';
const STOPPED = 'Stopped; nothing was changed. To go on: smoocho init';

describe('the wizard of smoocho init', function () {
  this.timeout(180_000);
  let home: string;

  before(function () {
    requireTerminal(this);
  });
  beforeEach(() => {
    home = join(tempFolder(), 'shop');
  });
  afterEach(() => removeFolder(join(home, '..')));

  // The machine's own zone would decide which country is suggested.
  const env = () => ({ SMOOCHO_HOME: home, TZ: 'UTC' });

  it('sets a shop up, and shows nothing of the password', async () => {
    const terminal = onTerminal(['init'], env());
    await answerQuestions(terminal, 3);
    await terminal.answer('Its GSTIN (leave empty if not registered)', '27ABCPE1234F1ZC');
    await terminal.shows('is mistyped somewhere: its last character does not fit');
    terminal.type(`\x15${GSTIN}\r`);
    await terminal.answer('Your name', 'Asha');
    await terminal.answer('Your e-mail', 'asha@example.com');
    // Whatever is wrong with it is said where it is typed, and mended there.
    await terminal.answer('A password, at least 12 characters', 'seven77');
    await terminal.shows("It is shorter than 12 characters, an owner's least.");
    terminal.type(`\x15${PASSWORD}\r`);
    await terminal.answer('The same once more', 'correct horse cattery');
    await terminal.shows('It differs. Type it again, or press Esc');
    terminal.type(`\x15${PASSWORD}\r`);
    await terminal.answer('Where are pictures of products kept?', '');
    await terminal.shows('Backups are encrypted');
    terminal.type(`${DOWN}\r`);
    await terminal.shows(SUMMARY);
    for (const row of [
      /Shop +Kulfi Corner/,
      /Code +KC, so that bills are numbered KC/,
      /Country +India/,
      /Currency +INR/,
      /Time zone +Asia\/Kolkata/,
      /Tax +India, GST: 0, 5, 18, 40 %, in the prices/,
      /GSTIN +27ABCPE1234F1ZB, of Maharashtra \(27\)/,
      /Password +\(not shown\)/,
      /Backups +each night at three; the recovery key later/,
    ])
      await terminal.shows(row);
    expect(existsSync(home), 'nothing is written before').to.equal(false);
    terminal.type('\r');
    await terminal.shows('Kulfi Corner (KC) is set up in');
    await terminal.shows('Open it: smoocho start');
    await terminal.shows('smoocho device pair --name');
    expect(await terminal.ends()).to.equal(0);
    expect(terminal.raw()).to.not.include(PASSWORD);
    const again = onTerminal(['init'], env());
    await again.shows('Everything is set up in');
    expect(await again.ends()).to.equal(0);
    const settings = await smoocho(['shop', 'list', '--json'], env());
    expect(settings.json()[0]).to.include({ name: 'Kulfi Corner', code: 'KC', timezone: 'Asia/Kolkata' });
  });

  it('leaves nothing behind when it is cut at any question, and asks again', async () => {
    const cut = async (questions: number) => {
      const terminal = onTerminal(['init'], env());
      await answerQuestions(terminal, questions);
      await terminal.shows(steps[questions]?.question ?? SUMMARY);
      terminal.type(CTRL_C);
      await terminal.shows(STOPPED);
      expect([await terminal.ends(), existsSync(home)], `after ${questions}`).to.deep.equal([1, false]);
    };
    for (let questions = 0; questions <= steps.length; questions += 1) await cut(questions);
    const stopped = onTerminal(['init'], env());
    await answerQuestions(stopped);
    await stopped.shows(SUMMARY);
    stopped.type('no');
    await stopped.shows('❯ No, stop here');
    stopped.type('\r');
    await stopped.shows(STOPPED);
    expect([await stopped.ends(), existsSync(home)]).to.deep.equal([1, false]);
  });

  it('goes back to each question with what was answered, by Esc', async () => {
    const terminal = onTerminal(['init', '--dry-run'], env());
    await answerQuestions(terminal);
    await terminal.shows(SUMMARY);
    for (const { question } of steps.toReversed()) {
      // The second password is no question of its own: Esc at the summary, the backups and so on.
      if (question === 'The same once more') continue;
      terminal.type(ESCAPE);
      await terminal.shows(question);
    }
    terminal.type('\r');
    await terminal.answer(/What is your shop called\? \(Kulfi Corner\)/, 'Chai Stall');
    await terminal.shows('❯ India (IN, INR)');
    terminal.type('\r');
    await terminal.answer(/Its GSTIN \(- if not registered\) \(27ABCPE1234F1ZB\)/, '-');
    await terminal.answer(/Your name \(Asha\)/, '');
    await terminal.answer(/Your e-mail, to sign in with \(asha@example.com\)/, '');
    await terminal.answer('A password, at least 12 characters', PASSWORD);
    await terminal.shows('The same once more');
    terminal.type(ESCAPE);
    await terminal.answer('A password, at least 12 characters', PASSWORD);
    await terminal.answer('The same once more', PASSWORD);
    await terminal.answer('Where are pictures', '');
    await terminal.answer('Backups are encrypted', '');
    await terminal.shows(/Shop +Chai Stall/);
    await terminal.shows(/GSTIN +not registered/);
    terminal.type(CTRL_C);
    expect(await terminal.ends()).to.equal(1);
  });

  it('takes every answer back in the summary, and shows what follows from it', async () => {
    const terminal = onTerminal(['init', '--dry-run'], env());
    await answerQuestions(terminal);
    await terminal.shows(SUMMARY);
    /** Typing the beginning of a line leads to it. */
    const correct = async (
      row: string,
      question: string,
      keys: string | ((on: Terminal) => Promise<void>),
    ) => {
      terminal.type(row.split(' ')[0]?.toLowerCase() ?? '');
      await terminal.shows(`❯ ${row}`);
      terminal.type('\r');
      await terminal.shows(question);
      if (typeof keys === 'string') terminal.type(keys);
      else await keys(terminal);
    };
    await correct('Shop', 'What is your shop called?', 'Café Élan\r');
    await terminal.shows(/Code +CE,/);
    await correct('Code', 'Its code', 'elan\r');
    await terminal.shows(/Code +ELAN,/);
    await correct('GSTIN', 'Its GSTIN (- if not registered)', '29ABCPE1234F1Z7\r');
    await terminal.shows(/GSTIN +29ABCPE1234F1Z7, of Karnataka \(29\)/);
    await correct('Country', 'In which country', (on) =>
      choose(on, 'united st', '❯ United States (US, USD)'),
    );
    await terminal.shows(/Currency +USD/);
    await terminal.shows(
      /Time zone +America\/New_York \(United States has several: look whether it is yours\)/,
    );
    await terminal.shows(
      /Tax +Sales tax at one rate: 0, 0 %, on top of the prices \(your own rate is missing\)/,
    );
    await terminal.shows(/Tax number +not registered/);
    await correct('Currency', 'Its currency', (on) => choose(on, 'canad', '❯ CAD · Canadian Dollar'));
    await terminal.shows(/Currency +CAD/);
    await correct('Time zone', 'Its time zone', (on) => choose(on, 'phoenix', '❯ America/Phoenix'));
    await terminal.shows(/Time zone +America\/Phoenix/);
    await correct('Tax', 'Its tax', async (on) => {
      on.type('\r');
      await on.answer('How many percent', '8.875');
    });
    await terminal.shows(/Tax +Sales tax at one rate: 8\.875, 0 %, on top of the prices/);
    await correct('Owner', 'Your name', 'Correct Horse Battery\r');
    // The password that was good is made of that name now.
    await terminal.shows('The password: It is made of the name, the e-mail or the shop');
    await terminal.answer('A password, at least 12 characters', 'staple paper cloud');
    await terminal.answer('The same once more', 'staple paper cloud');
    await terminal.shows(/Owner +Correct Horse Battery/);
    await correct('E-mail', 'Your e-mail', 'elise@example.com\r');
    await terminal.shows(/E-mail +elise@example\.com/);
    await correct('Password', 'A password', 'paper staple cloud\r');
    await terminal.answer('The same once more', 'paper staple cloud');
    await terminal.shows(SUMMARY);
    await correct('Pictures', 'Where are pictures', '\r');
    await terminal.shows(/Pictures +in a folder of this machine/);
    await correct('Backups', 'Backups are encrypted', `${DOWN}${DOWN}\r`);
    await terminal.shows(/Backups +none by themselves/);
    await correct('They go to', 'A folder, best on another disk', '/not/mounted\r');
    await terminal.shows('There is no folder /not/mounted.');
    terminal.type(`\x15${join(home, '..')}\r`);
    await terminal.shows(/They go to +\//);
    terminal.type('yes');
    await terminal.shows('❯ Yes, that is right (a dry run: nothing is written)');
    terminal.type('\r');
    await terminal.shows(`This would be set up in ${home}. Nothing was written.`);
    await terminal.shows(/Tax +Sales tax at one rate: 8\.875, 0 %/);
    await terminal.shows(/Key +no recovery key/);
    expect([await terminal.ends(), readdirSync(join(home, '..'))]).to.deep.equal([0, []]);
  });

  it('asks only for what flags leave open, also on a database of one’s own', async () => {
    const database = await testDatabase({ migrated: false });
    try {
      const own = { ...env(), DATABASE_URL: database.url };
      expect((await smoocho(['shop', 'list'], own)).code).to.equal(3);
      const flags = [
        '--shop-name=Kulfi',
        '--country=IN',
        '--owner-name=Asha',
        '--owner-email=asha@example.com',
      ];
      const terminal = onTerminal(['init', ...flags, '--pictures=folder'], own);
      await terminal.answer('What is to be set up?', '');
      await terminal.answer('Its GSTIN (leave empty if not registered)', '');
      await terminal.answer('A password, at least 12 characters', PASSWORD);
      await terminal.answer('The same once more', PASSWORD);
      await terminal.answer('Backups are encrypted', DOWN);
      await terminal.shows(SUMMARY);
      terminal.type('\r');
      await terminal.shows('Kulfi (KULF) is set up in');
      expect(await terminal.ends()).to.equal(0);
    } finally {
      await database.drop();
    }
  });

  it('before start finishes what it makes when told to stop, and asks nothing more', async () => {
    const start = () => onTerminal(['start', '--port=0', '--host=127.0.0.1'], env());
    const asked = start();
    await asked.shows('What is to be set up?');
    asked.signal('SIGTERM');
    await asked.shows(STOPPED);
    expect([await asked.ends(), existsSync(home)]).to.deep.equal([1, false]);
    const making = start();
    await answerWizard(making, { key: 'paper' });
    await making.shows('making its tables');
    making.type(CTRL_C);
    await making.shows('Stopped; the shop is set up. Open it: smoocho start');
    expect(await making.ends()).to.equal(0);
    expect(making.output()).to.not.include('AGE-SECRET-KEY-1');
    expect(existsSync(join(home, 'postgres', 'data', 'postmaster.pid'))).to.equal(false);
  });
});
