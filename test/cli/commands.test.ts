import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Command } from 'commander';
import { loadCommands } from '../../src/cli/commands.ts';
import { buildProgram, commonAfterCommand } from '../../src/cli/program.ts';
import { migrationStatus } from '../../src/database/migrate.ts';
import { initOptions, PASSWORD } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

/** What a command, or a group of them, says about itself. */
function helpOf(program: Command, words: string[]): string {
  const command = words.reduce(
    (within, word) => within.commands.find((one) => one.name() === word) as Command,
    program,
  );
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
}

describe('the command line', () => {
  const smoocho = warmCommands();
  let home: string;
  let database: TestDatabase;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const run = (args: string[], input = '') =>
    smoocho(args, { SMOOCHO_HOME: home, DATABASE_URL: database.url }, input);

  it('shows help from what the build wrote down of the commands, without loading them', async () => {
    const file = fileURLToPath(new URL('../../dist/program/commands.json', import.meta.url));
    const commands = JSON.parse(JSON.stringify(await loadCommands([])));
    expect(JSON.parse(readFileSync(file, 'utf8'))).to.deep.equal(commands);
  });

  it('says when nothing is set up yet', async () => {
    const { code, stderr } = await run(['shop', 'list']);
    expect([code, stderr]).to.deep.equal([3, 'Nothing is set up here yet. Run: smoocho init\n']);
  });

  it('brings the schema up, shows it, and takes it back only when told so', async () => {
    const migrations = (await migrationStatus(database.url)).pending;
    const [earlier, last] = [migrations.slice(0, -1), migrations.at(-1)];
    expect(migrations[0]).to.equal('0001_core');
    const pending = await run(['migrate', 'status', '--json']);
    expect([pending.code, pending.json()]).to.deep.equal([
      4,
      { applied: [], pending: migrations, unknown: [], isHalfRestored: false, isStandby: false },
    ]);
    expect((await run(['migrate', 'up'])).stdout).to.equal(`Applied ${migrations.join(', ')}.\n`);
    expect((await run(['migrate', 'up'])).stdout).to.equal('The database is up to date.\n');
    expect((await run(['migrate', 'up', '--quiet'])).stdout).to.equal('');
    expect((await run(['migrate', 'down'])).code).to.equal(6);
    expect((await run(['migrate', 'down', '--yes', '--json'])).json()).to.deep.equal({
      reverted: [last],
    });
    expect((await run(['migrate', 'status', '-q'])).stdout).to.equal(
      [...earlier.map((name) => `applied  ${name}\n`), `pending  ${last}\n`].join(''),
    );
  });

  it('makes shops and people, lists them, and refuses what can not be', async () => {
    expect((await run(['init', ...initOptions(home)])).code).to.equal(0);
    const shop = ['--name=Pizza Place', '--code=piza', '--currency=USD', '--timezone=America/New_York'];
    expect((await run(['shop', 'create', ...shop, '--json'])).json()).to.include({
      code: 'PIZA',
      currency: 'USD',
    });
    const twice = await run(['shop', 'create', ...shop]);
    expect([twice.code, twice.stderr]).to.deep.equal([1, "PIZA is another shop's code.\n"]);
    const list = await run(['shop', 'list']);
    expect(list.stdout).to.match(
      /^code +name +currency +time zone\nKULF +Kulfi Corner +INR +Asia\/Kolkata\nPIZA /,
    );
    const user = [
      '--shop=PIZA',
      '--email=Ravi@Example.com',
      '--name=Ravi',
      '--role=cashier',
      '--password-stdin',
    ];
    const made = await run(['user', 'create', ...user, '--json'], PASSWORD);
    expect(made.json()).to.include({ email: 'ravi@example.com', role: 'cashier' });
    expect((await run(['user', 'create', ...user], PASSWORD)).code).to.equal(1);
    const people = await run(['user', 'list', '--shop', 'PIZA', '--json']);
    expect(people.json().map((person: { name: string }) => person.name)).to.deep.equal(['Asha', 'Ravi']);
    const unknown = await run(['user', 'list', '--shop', 'NOPE']);
    expect([unknown.code, unknown.stderr]).to.deep.equal([
      1,
      'There is no shop with the code NOPE. Known are: KULF, PIZA.\n',
    ]);
    expect((await run(['user', 'list', '--shop', 'NOPE', '--json'])).json().error.status).to.equal(404);
  });

  it('has a help with an example for every command', async () => {
    for (const { name, summary, example } of await loadCommands([])) {
      const words = name.split(' ');
      // As a process does it, which loads no more than the command that was asked for.
      const help = helpOf(buildProgram(await loadCommands([...words, '--help'])), words);
      expect(help).to.include(`Usage: smoocho ${name} `).and.include('--json');
      expect(help).to.include(summary.slice(0, 20)).and.include(`Example:\n  ${example}`);
    }
  });

  it('says how it goes, and exits with 2 on wrong usage', async () => {
    // A command, one of a group, and a group.
    for (const words of [['start'], ['user', 'set-role'], ['shift']]) {
      const { code, stdout } = await run([...words, '--help']);
      expect([code, stdout]).to.deep.equal([0, helpOf(buildProgram(await loadCommands([])), words)]);
    }
    expect((await run(['shop', 'create'])).code).to.equal(2);
    expect((await run(['dance'])).code).to.equal(2);
    expect((await run(['shop', 'list', '--wrong'])).code).to.equal(2);
  }).timeout(120_000);

  it('answers wrong usage with JSON where JSON is asked for, without what may be a password', async () => {
    const wrong: [words: string[], title: string][] = [
      [['shop', 'list', '--wrong'], "unknown option '--wrong'"],
      [['shop', 'list', '--password=secret'], "unknown option '--password=…'"],
      [['user', 'disable'], "required option '--email <email>' not specified"],
      [['shift', 'report', '--shop=PIZA'], "missing required argument 'shift'"],
      [['dance'], "unknown command 'dance' (Did you mean device?)"],
      [['shift'], 'The command is missing a word. Add --help to see which there are.'],
    ];
    for (const [words, title] of wrong) {
      const { code, stderr, json } = await run([...words, '--json']);
      expect([code, stderr, json()], words.join(' ')).to.deep.equal([
        2,
        '',
        { error: { title }, exitCode: 2 },
      ]);
    }
  }).timeout(120_000);

  it('takes what every command takes in front of it, too', async () => {
    const names = new Set(['status', 'shop list', 'user create', 'backup key list']);
    const moved: [typed: string, words: string][] = [
      ['--home /x status', 'status --home /x'],
      ['--json --home=/x -q shop list --shop A', 'shop list --json --home=/x -q --shop A'],
      ['shop --json list', 'shop list --json'],
      ['backup --no-color key --home list list', 'backup key list --no-color --home list'],
      ['user create --home /x --name --json', 'user create --home /x --name --json'],
      ['--json', '--json'],
      ['--home', '--home'],
      ['--json shop', 'shop --json'],
      ['--version', '--version'],
      ['--hme /x status', '--hme /x status'],
    ];
    for (const [typed, words] of moved)
      expect(commonAfterCommand(typed.split(' '), names).join(' '), typed).to.equal(words);
    const nowhere = `${home}/nowhere`;
    const { code, json } = await run(['--json', '--home', nowhere, 'config', 'show']);
    expect([code, json().home]).to.deep.equal([0, nowhere]);
  });

  it('reports an empty shop in words and in CSV', async () => {
    const words = await run(['report', 'sales', '--shop=PIZA', '--from=2015-01-01', '--to=2015-12-31']);
    expect(words.stdout).to.equal('Pizza Place · 2015-01-01 to 2015-12-31 · USD\n\nNothing was sold.\n');
    const csv = await run(['report', 'sales', '--shop=PIZA', '--group-by=category', '--csv']);
    expect(csv.stdout).to.equal(
      'category,orders,itemsSold,gross,discount,serviceCharge,tax,rounding,refunds,total\r\n',
    );
    const wrong = await run(['report', 'sales', '--shop=PIZA', '--from=yesterday', '--group-by=mood']);
    expect([wrong.code, wrong.stderr.split('\n').length]).to.deep.equal([2, 4]);
  });
});
