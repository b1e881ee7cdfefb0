import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Command } from '../../src/cli/command.ts';
import { treeOf } from '../../src/cli/command-tree.ts';
import { entries, loadCommands } from '../../src/cli/commands.ts';
import { answerGroups, CommandFailure, commandAnswers } from '../../src/contract/command-answers/index.ts';
import {
  argsOf,
  type CommandResult,
  giveTo,
  matrixFolder,
  notRunHere,
  type Runner,
  runCommands,
  runInTurns,
  runners,
  sellToday,
} from '../support/command-matrix.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Whoever runs the tests: which word was meant is the same for all. */
const anybody: Runner = { name: 'anybody', uid: undefined };

/** Command lines without a home, some as root and some as an ordinary user: see `runInTurns`. */
const runParsed = (lines: string[][]) =>
  runInTurns(
    lines,
    (args) => lines.indexOf(args),
    (runner, theirs) =>
      runCommands(
        runner,
        theirs.map((args) => ({ args, env: {} })),
        tmpdir(),
      ),
  );

/** Names nothing that answers. */
const DOWN = 'postgres://nobody:nothing@127.0.0.1:1/none';

/** Commands that need no shop, with the reason and the exit codes that they may end with in an empty home. */
const WITHOUT_SHOP: Record<string, { why: string; codes: number[] }> = {
  init: { why: 'makes the shop', codes: [0] },
  'config show': { why: 'looks into the settings', codes: [0] },
  'config check': { why: 'looks into the settings', codes: [0] },
  completion: { why: 'speaks of the program alone', codes: [0] },
  restore: { why: 'makes the shop from a backup; there is no file yet', codes: [2, 6] },
  'backup list': { why: 'looks into the folder of backups', codes: [0] },
  'backup verify': { why: 'reads a file; there is none yet', codes: [2, 6] },
  'backup key create': { why: 'makes a file', codes: [0] },
  'backup key list': { why: 'looks into the settings', codes: [0] },
  'migrate up': { why: 'makes the tables', codes: [0] },
  'migrate down': { why: 'there is none to take back', codes: [0] },
  'migrate status': { why: 'says which tables are missing', codes: [4] },
};
/** Of those, the ones that open no database. */
const WITHOUT_DATABASE = [
  'config show',
  'config check',
  'completion',
  'backup list',
  'backup verify',
  'backup key create',
  'backup key list',
];
/** That one says what else there is while the database is away: test/cli/doctor.test.ts. */
const DIAGNOSES = 'doctor';

/** Exit codes other than 0 that a good answer may have. */
const FOUND_SOMETHING: Record<string, number[]> = {
  status: [0, 4],
  doctor: [0, 4],
  'migrate status': [0, 4],
};

/** What a command warns of here although it is quiet. */
const WARNS: Record<string, RegExp> = { 'device pair': /^No server runs now\. .*\n$/ };

const lineOf = ({ args, code, stdout, stderr }: CommandResult) =>
  `smoocho ${args.join(' ')} → ${code}\n${stderr}${stdout.slice(0, 500)}`;

/** One JSON value on stdout, of the command's schema or, when it failed, of the one that all share. */
function expectAnswer(name: string, result: CommandResult): void {
  const value = JSON.parse(result.stdout);
  const isFailure = value !== null && typeof value === 'object' && 'exitCode' in value && 'error' in value;
  // A command may say more beside the error, as `status` does while the database is away.
  const own = commandAnswers[name]?.safeParse(value);
  const parsed = isFailure && !own?.success ? CommandFailure.safeParse(value) : own;
  expect(parsed?.success, `${lineOf(result)}\n${parsed?.error?.message}`).to.equal(true);
  if (isFailure) expect(value.exitCode, lineOf(result)).to.equal(result.code);
}

describe('every command', function () {
  // Some hundred command lines; each has a limit of its own.
  this.timeout(240_000);
  let commands: Command[];
  let tried: Command[];

  before(async () => {
    commands = await loadCommands([]);
    tried = commands.filter(({ name }) => notRunHere(name) === undefined);
    if (runners.length === 1)
      console.log('    as an ordinary user alone: only root, who does not run this, could be both');
  });

  it('is called what the list says, and has one schema of what it prints with --json', () => {
    const names = entries.map(({ name }) => name);
    expect(commands.map(({ name }) => name)).to.deep.equal(names);
    const described = answerGroups.flatMap((group) => Object.keys(group));
    expect(described.toSorted()).to.deep.equal(names.toSorted());
  });

  it('and every group has a summary and shows an example that begins with its words', async () => {
    for (const { words, summary, command } of treeOf(commands)) {
      if (words === '') continue;
      expect(summary, words).to.have.length.above(10);
      if (command) expect(command.example, words).to.include(`smoocho ${words}`);
    }
  });

  it('shows its help, with an example', async () => {
    const nodes = treeOf(commands);
    const lines = nodes.map(({ words }) => [...words.split(' ').filter(Boolean), '--help']);
    const results = await runParsed(lines);
    for (const [index, result] of results.entries()) {
      const { words, command } = nodes[index] as (typeof nodes)[number];
      expect([result.code, result.stderr], lineOf(result)).to.deep.equal([0, '']);
      expect(result.stdout).to.include(`Usage: smoocho${words && ` ${words}`} `);
      expect(result.stdout).to.match(/\nExample:\n {2}\S/);
      if (command) expect(result.stdout).to.include('--json').and.include('--quiet');
    }
  });

  it('refuses wrong input with 2 and a sentence', async () => {
    const lines = commands.flatMap(({ name, options, arguments: given = [] }) => {
      const words = name.split(' ');
      const isNeedy = options.some(({ required }) => required) || given.some(({ isOptional }) => !isOptional);
      return [
        [...words, '--no-such-option'],
        ...(given.some(({ isVariadic }) => isVariadic)
          ? []
          : [[...words, ...given.map(() => 'word'), 'one-too-many']]),
        ...(isNeedy ? [words] : []),
      ];
    });
    const groups = treeOf(commands).filter(({ command, words }) => command === null && words !== '');
    const typos = groups.map(({ words }) => [...words.split(' '), 'nosuchword']);
    const all = [...lines, ...typos];
    const asked = all.map((args) => [...args, '--json']);
    // Whoever runs a line leaves the one with --json to the other.
    const between = all.length % 2 === 0 ? [['--no-such-option']] : [];
    const results = await runParsed([...all, ...between, ...asked]);
    for (const result of results.slice(0, all.length)) {
      expect(result.code, lineOf(result)).to.equal(2);
      expect(result.stderr, lineOf(result)).to.match(/^error: .+\n/);
    }
    for (const result of results.slice(-asked.length)) {
      expect([result.code, result.stderr], lineOf(result)).to.deep.equal([2, '']);
      expectAnswer('', result);
    }
  });

  it('names what was probably meant by a mistyped word or option', async () => {
    const typos = commands.flatMap(({ name, options }) => {
      const words = name.split(' ');
      const last = words.at(-1) ?? '';
      const flags = options.flatMap(({ flags: text }) => text.match(/--[\w-]{5,}/) ?? []);
      return [
        ...(last.length > 3 ? [{ args: [...words.slice(0, -1), last.slice(0, -1)], meant: last }] : []),
        ...flags.map((flag) => ({ args: [...words, flag.slice(0, -1)], meant: flag })),
      ];
    });
    const results = await runCommands(
      anybody,
      typos.map(({ args }) => ({ args: [...args, '--json'], env: {} })),
      tmpdir(),
    );
    for (const [index, result] of results.entries()) {
      const { title } = JSON.parse(result.stdout).error;
      expect(title, lineOf(result)).to.match(/^unknown (command|option) .+ \(Did you mean .+\?\)$/);
      expect(title, lineOf(result)).to.match(
        new RegExp(`mean .*\\b${typos[index]?.meant.replace(/^--/, '')}\\b`),
      );
    }
  });

  it('leaves colours to what knows of NO_COLOR, FORCE_COLOR and terminals', () => {
    const sources = globSync('src/cli/**/*.ts', { cwd: root });
    expect(sources).to.have.length.above(50);
    // Colours by hand would be there off a terminal, too. What --watch draws is for terminals alone, and has no colours.
    const byHand = sources
      .filter((file) => !file.endsWith('/live-screen.ts'))
      .filter((file) => /\\x1b\[|\\u001b\[|\\033\[/.test(readFileSync(join(root, file), 'utf8')));
    expect(byHand).to.deep.equal([]);
    const drawn = (env: Record<string, string>) =>
      spawnSync(
        process.execPath,
        [
          '--no-warnings',
          '-e',
          "import('./src/cli/output/colour.ts').then(({ whiteOnBlack }) => console.log(whiteOnBlack('QR')))",
        ],
        {
          cwd: root,
          env,
          encoding: 'utf8',
        },
      ).stdout;
    expect([drawn({}), drawn({ NO_COLOR: '1' })]).to.deep.equal(['QR\n', 'QR\n']);
    expect(drawn({ FORCE_COLOR: '1' }))
      .to.include('\x1b[97m')
      .and.include('QR');
  });

  describe('where there is no shop, some as root and some as an ordinary user', () => {
    let folders: string[];
    let empty: TestDatabase[];

    before(async () => {
      folders = await Promise.all(runners.map(matrixFolder));
      empty = await Promise.all(runners.map(() => testDatabase({ migrated: false })));
    });
    after(async () => {
      await Promise.all((empty ?? []).map((each) => each.drop()));
      for (const folder of folders ?? []) removeFolder(folder);
    });

    /** Each command by its example; whoever ran it in one column leaves it to the other in the next one. */
    const run = (those: Command[], column: number, urlOf: (n: number) => string) =>
      runInTurns(
        those,
        (command) => commands.indexOf(command) + column,
        (runner, theirs) => {
          const n = runners.indexOf(runner);
          const folder = folders[n] as string;
          const env = { DATABASE_URL: urlOf(n) };
          const home = ['--home', join(folder, 'home')];
          return runCommands(
            runner,
            theirs.map((command) => ({ args: [...argsOf(command, folder), ...home], env })),
            folder,
          );
        },
      );

    it('ends with 5 while the database is away, and says so', async () => {
      const needy = tried.filter(({ name }) => ![...WITHOUT_DATABASE, DIAGNOSES, 'restore'].includes(name));
      for (const result of await run(needy, 0, () => DOWN)) {
        expect(result.code, lineOf(result)).to.equal(5);
        expect(result.stderr, lineOf(result))
          .to.match(/^\S.*[.?]\n$/s)
          .and.not.match(/\n {4}at /);
      }
    });

    it('ends with 3 in an empty home, and says what to do', async () => {
      const urlOf = (n: number) => (empty[n] as TestDatabase).url;
      const needy = tried.filter(({ name }) => !(name in WITHOUT_SHOP));
      for (const result of await run(needy, 1, urlOf)) {
        expect(result.code, lineOf(result)).to.equal(3);
        expect(result.stderr, lineOf(result)).to.include('smoocho init');
      }
      // What needs no shop finds an empty database: what fills it comes last.
      const others = tried
        .filter(({ name }) => name in WITHOUT_SHOP && name !== 'init')
        .toSorted((a, b) => Number(a.name === 'migrate up') - Number(b.name === 'migrate up'));
      const results = await run(others, 1, urlOf);
      for (const [index, result] of results.entries())
        expect(WITHOUT_SHOP[others[index]?.name ?? '']?.codes, lineOf(result)).to.include(result.code);
    });
  });

  for (const runner of runners) {
    describe(`as ${runner.name}, without a terminal and environment`, () => {
      let folder: string;
      let database: TestDatabase;
      const run = (lines: string[][]) =>
        runCommands(
          runner,
          lines.map((args) => ({ args: [...args, '--home', join(folder, 'home')], env: {} })),
          folder,
        );

      before(async () => {
        folder = await matrixFolder(runner);
        database = await testDatabase({ migrated: false });
      });
      after(async () => {
        await database?.drop();
        if (folder) removeFolder(folder);
      });

      it('does what its example says, and answers with one JSON value of its schema', async () => {
        // The address is in the settings, since the environment has nothing.
        const config = join(folder, 'home', 'config.json');
        writeFileSync(config, JSON.stringify({ databaseUrl: database.url }), { mode: 0o600 });
        giveTo(runner.uid, folder, ['home/config.json']);
        rmSync(join(folder, 'recovery-key.html'), { force: true });
        const story = tried.map((command) => ({
          command,
          args: [...argsOf(command, folder), '--json', '--quiet'],
        }));
        const at = (name: string) => story.findIndex(({ command }) => command.name === name);
        // What no command makes: an order of today with a customer, a drawer that is open, a device that was paired; and a backup
        // under a name that is known.
        const stops = [
          {
            until: at('order list'),
            async prepare() {
              const number = await sellToday(runner, folder);
              const { args } = story[at('order void')] as (typeof story)[number];
              args.splice(args.indexOf('PIZA/2015/000001'), 1, number);
              await openDrawer(database);
            },
          },
          {
            until: at('backup verify'),
            async prepare() {
              const backups = join(folder, 'backups');
              const [made = ''] = readdirSync(backups);
              renameSync(join(backups, made), join(backups, 'one.smoocho'));
            },
          },
          { until: story.length, async prepare() {} },
        ];
        let done = 0;
        for (const { until, prepare } of stops) {
          const part = story.slice(done, until);
          done = until;
          const results = await run(part.map(({ args }) => args));
          for (const [place, result] of results.entries()) {
            const name = part[place]?.command.name ?? '';
            expect(FOUND_SOMETHING[name] ?? [0], lineOf(result)).to.include(result.code);
            expectAnswer(name, result);
            expect(result.stderr, lineOf(result)).to.match(WARNS[name] ?? /^$/);
          }
          await prepare();
        }
      });
    });
  }
});

async function openDrawer(database: TestDatabase): Promise<void> {
  const client = await database.connect();
  await client.query(`
    INSERT INTO shifts (id, shop_id, opened_at, business_date, opening_float, request_hash)
    SELECT '0190a000-0000-7000-8000-000000000001', id, now(), current_date, 100, 'x' FROM shops WHERE code = 'PIZA'`);
  await client.query(`
    INSERT INTO devices (id, shop_id, name, token_hash, paired_at, last_seen_at)
    SELECT '0190a000-0000-7000-8000-000000000002', id, 'Till 2', 'x', now(), now() FROM shops WHERE code = 'PIZA'`);
}
