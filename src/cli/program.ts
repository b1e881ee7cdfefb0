import { resolve } from 'node:path';
import { Command as Commander, type CommanderError } from 'commander';
import type { App } from '../app.ts';
import { asTyped, nameHome } from '../as-typed.ts';
import { type Config, defaultHome, findHome, loadConfig } from '../config.ts';
import { version } from '../version.ts';
import type { Command, Option, Shell } from './command.ts';
import { endWithServer } from './end-with-server.ts';
import { exitCodes } from './exit-codes.ts';
import { inOptionNames } from './option-names.ts';
import { turnColoursOff } from './output/colour.ts';
import { inLine, inLines } from './output/in-line.ts';
import { fitLines } from './output/labelled.ts';
import { setQuiet } from './output/quiet.ts';

/** A word that several commands begin with, and what they have in common. Its help has the first one's example. */
export const groups: Record<string, string> = {
  shop: 'Open, list and change shops',
  settings: "Look at a shop's settings and change them",
  product: 'Look after the menu: products, their prices, codes and pictures',
  order: 'Look at bills, refund and void them',
  customer: 'Look at customers and change what is known of them',
  inventory: 'Look at the stock, count it, and book what came and went',
  user: 'Add and list people',
  backup: 'Make backups, look at them, and keep them safe',
  'backup key': 'The keys that open backups',
  migrate: "Bring the database's schema up to date, back, or look at it",
  import: 'Bring in a menu or past sales from CSV, and pictures from a folder',
  export: "Take a shop's data out, as CSV or as lines of JSON",
  report: 'Look at the figures',
  device: 'Pair tills, tablets and screens with a shop, and revoke them',
  config: 'See what is set, and whether it is right',
  secrets: 'Change the keys that tokens, seals and what customers entrust are safe with',
  shift: 'Look at drawers and their X and Z reports',
  images: 'Look after the pictures: where they are, whether they are whole, what nobody shows any more',
  service: 'Let systemd run the server: install, look, take away',
  audit: 'See who did what, and whether anybody changed the records of it',
};

/**
 * The command line of these commands. Parsing it runs one of them; what the parser refuses it throws as a
 * CommanderError, and says on stderr unless the answer is JSON.
 */
export function buildProgram(commands: Command[], wantsJson = false, open = openShell): Commander {
  const program = new Commander('smoocho')
    .description('A point of sale that your shop owns.')
    .version(version)
    .exitOverride()
    // What stands behind a command's name is the command's own.
    .enablePositionalOptions()
    .showHelpAfterError('Add --help to see how it goes.')
    .addHelpText('after', exampleOf('smoocho init'))
    .configureOutput({
      writeOut: (text) => process.stdout.write(asTyped(text)),
      outputError: (message, write) => write(withoutValues(message)),
      // With --json the answer says it.
      writeErr: (text) => wantsJson || process.stderr.write(asTyped(text)),
    });
  declareCommon(program);
  const parents = new Map<string, Commander>();
  for (const command of commands) {
    const words = command.name.split(' ');
    const last = words.pop() as string;
    let parent = program;
    for (const [depth, word] of words.entries()) {
      const group = words.slice(0, depth + 1).join(' ');
      const known = parents.get(group) ?? declareGroup(parent.command(word), group, command);
      parents.set(group, known);
      parent = known;
    }
    declare(parent.command(last).exitOverride(), command, open);
  }
  return program;
}

/** What was wrong in the use of a command, as a sentence for the answer with `--json`. */
export function usageMessage({ code, message }: CommanderError): string {
  // Every command has --json: where it is unknown, there is only the name of a group, or none.
  if (code === 'commander.help' || message.includes("'--json'"))
    return 'The command is missing a word. Add --help to see which there are.';
  return withoutValues(message.replace(/^error: /, '').replaceAll('\n', ' '));
}

/** Somebody may have put a password there, which must not come back out into a log. */
const withoutValues = (message: string) =>
  message.replace(/(--[\w-]+)=[^']*/g, '$1=…').replace(/(Expected \d+ arguments? but got \d+): .*/, '$1.');

const exampleOf = (example: string) => `\nExample:\n  ${example}`;

const declareGroup = (commander: Commander, name: string, first: Command): Commander =>
  declareCommon(commander)
    .description(groups[name] ?? '')
    .addHelpText('after', exampleOf(first.example));

/** For the help of what is no command: `commonAfterCommand` gives them to the command. */
const declareCommon = (commander: Commander): Commander =>
  commonOptions.reduce(
    (all, { flags, description }) => all.option(flags, description),
    commander.enablePositionalOptions(),
  );

/** Options that every command has. */
export const commonOptions: readonly Option[] = [
  {
    flags: '--home <folder>',
    description: 'where everything is kept (default: SMOOCHO_HOME, or ~/.smoocho)',
  },
  { flags: '--json', description: 'answer with one JSON value' },
  { flags: '-q, --quiet', description: 'only what was asked for, and errors' },
  { flags: '--no-color', description: 'no colours, as with NO_COLOR=1' },
];

/** The options that every command has may stand in front of it, too: moves them behind its name. */
export function commonAfterCommand(words: readonly string[], names: ReadonlySet<string>): string[] {
  const command: string[] = [];
  const moved: string[] = [];
  let at = 0;
  while (at < words.length && !names.has(command.join(' '))) {
    const word = words[at] as string;
    if (!word.startsWith('-')) command.push(word);
    else {
      const option = commonOptions.find(({ flags }) =>
        flags.match(/--?[\w-]+/g)?.includes(word.replace(/=.*/s, '')),
      );
      if (!option) break;
      moved.push(word);
      const next = words[at + 1];
      if (option.flags.includes('<') && !word.includes('=') && next !== undefined) {
        moved.push(next);
        at += 1;
      }
    }
    at += 1;
  }
  return [...command, ...moved, ...words.slice(at)];
}

function declare(commander: Commander, command: Command, open: typeof openShell): void {
  const { summary, details } = command;
  commander.summary(summary).description(details === undefined ? summary : `${summary}\n\n${details}`);
  for (const { name, description, isOptional, isVariadic } of command.arguments ?? []) {
    const words = isVariadic ? `${name}...` : name;
    commander.argument(isOptional ? `[${words}]` : `<${words}>`, description);
  }
  // Whether a required option is missing is looked at after the parser, which would say so of a mistyped one.
  for (const { flags, description, required } of [...command.options, ...commonOptions])
    commander.option(flags, required ? `${description} (required)` : description);
  commander.addHelpText('after', exampleOf(command.example)).allowExcessArguments(takesName(command));
  commander.action(async (...received: unknown[]) => {
    const { quiet, color, ...options } = commander.opts<Record<string, unknown>>();
    if (color === false) turnColoursOff();
    requireNoStray(commander, command);
    requireOptions(commander, command, options);
    setQuiet(quiet === true);
    const args = received.slice(0, command.arguments?.length ?? 0).flat() as (string | undefined)[];
    const shell = open(options, quiet === true, command.allowsInvalidConfig);
    try {
      process.exitCode = (await command.run(shell, options, args)) ?? exitCodes.done;
    } catch (error) {
      throw inOptionNames(error, command, options);
    }
  });
}

const NAME_FLAGS = '--name <name>';

/** A name without its option is told which it is; the parser itself would say no more than that there is a word too many. */
function requireNoStray(commander: Commander, command: Command): void {
  const expected = command.arguments?.length ?? 0;
  if (!takesName(command) || commander.args.length <= expected) return;
  commander.error(
    `error: too many arguments for '${commander.name()}'. Expected ${expected} but got ${commander.args.length}. A name goes with its option, in quotes: --name "A name"`,
  );
}

const takesName = ({ options, arguments: words = [] }: Command) =>
  options.some(({ flags }) => flags === NAME_FLAGS) && !words.some(({ isVariadic }) => isVariadic);

function requireOptions(commander: Commander, command: Command, given: Record<string, unknown>): void {
  const required = new Set(command.options.filter((option) => option.required).map(({ flags }) => flags));
  const missing = commander.options.find(
    (option) => required.has(option.flags) && given[option.attributeName()] === undefined,
  );
  if (missing) commander.error(`error: required option '${missing.flags}' not specified`);
}

function nameOtherHome(named: string | undefined): void {
  const home = named === undefined ? undefined : findHome(named);
  nameHome(home === resolve(process.env.SMOOCHO_HOME || defaultHome()) ? undefined : home);
}

function openShell(options: Record<string, unknown>, isQuiet: boolean, allowsInvalidConfig = false): Shell {
  const wantsJson = options.json === true;
  const write = (stream: NodeJS.WriteStream, text: string) => stream.write(`${text}\n`);
  const writeLines = (stream: NodeJS.WriteStream, lines: string[]) =>
    write(stream, fitLines(asTyped(lines.map(inLine).join('\n')), stream));
  let loaded: Config | undefined;
  const config = () => {
    loaded ??= loadConfig({ home: options.home as string | undefined });
    return loaded;
  };
  nameOtherHome(options.home as string | undefined);
  if (!allowsInvalidConfig && config().isJob) endWithServer();
  return {
    get config() {
      return config();
    },
    wantsJson,
    isQuiet,
    isInteractive: Boolean(process.stdin.isTTY && process.stdout.isTTY) && !wantsJson,
    say: (...lines) => wantsJson || isQuiet || writeLines(process.stdout, lines),
    print: (...lines) => wantsJson || writeLines(process.stdout, lines),
    show: (text) => wantsJson || write(process.stdout, asTyped(inLines(text))),
    warn: (text) => writeLines(process.stderr, [text]),
    tell: (text) => isQuiet || writeLines(process.stderr, [text]),
    give: (value) => wantsJson && write(process.stdout, JSON.stringify(value, null, 2)),
    withApp: async <T>(work: (app: App) => Promise<T>) => {
      const { openAppFor } = await import('./open.ts');
      const app = await openAppFor(config());
      try {
        return await work(app);
      } finally {
        await app.close();
      }
    },
  };
}
