import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type TreeNode, type TreeOption, treeOf } from '../src/cli/command-tree.ts';
import { loadCommands } from '../src/cli/commands.ts';
import { commonOptions } from '../src/cli/program.ts';

export const PAGE = fileURLToPath(new URL('../docs/cli.md', import.meta.url));

const HEAD = `# Command reference

Every command, from the command line itself: \`npm run docs:cli\` writes this page, and a test holds the two together. Exit codes,
settings and where everything is kept are in [commands.md](commands.md); what a command prints with \`--json\` has a schema in
\`src/contract/command-answers/\`.
`;

const safe = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
const anchorOf = (words: string) => words.replaceAll(' ', '-');
const commonNames = new Set(commonOptions.map(({ flags }) => flags.match(/--[\w-]+/)?.[0]).concat('--help'));

const ownOptions = ({ options }: TreeNode) => options.filter(({ names }) => !commonNames.has(names.at(-1)));

function usageOf(node: TreeNode): string {
  const given = node.arguments.map(({ name, isOptional }) => (isOptional ? `[${name}]` : `<${name}>`));
  const needed = ownOptions(node).filter(({ isRequired }) => isRequired);
  const flags = needed.map(({ names, value }) => `${names.at(-1)}${value ? ` <${value.name}>` : ''}`);
  const more = ownOptions(node).length > needed.length ? ['[options]'] : [];
  return ['smoocho', node.words, ...given, ...flags, ...more].join(' ');
}

const flagsOf = ({ names, value }: TreeOption) =>
  names
    .map((name, index) => code(value && index === names.length - 1 ? `${name} <${value.name}>` : name))
    .join(', ');

function textOf({ description, value, isRequired }: TreeOption): string {
  const values = value?.values ?? [];
  const isListed = values.every((each) => description.includes(each));
  const listed = isListed ? '' : `. One of ${values.map(code).join(', ')}`;
  return `${safe(description)}${listed}${isRequired ? ' **(required)**' : ''}`;
}

function optionTable(options: TreeOption[]): string[] {
  if (options.length === 0) return [];
  const rows = options.map((option) => `| ${flagsOf(option)} | ${textOf(option)} |`);
  return ['', '| option | |', '|---|---|', ...rows];
}

function argumentTable({ arguments: given }: TreeNode): string[] {
  if (given.length === 0) return [];
  const rows = given.map(({ name, description }) => `| ${code(name)} | ${safe(description)} |`);
  return ['', '| argument | |', '|---|---|', ...rows];
}

function describe(node: TreeNode): string[] {
  const { words, summary, command } = node;
  if (!command) return [`## ${words}`, '', `${safe(summary)}.`, ''];
  const isAlone = !words.includes(' ');
  return [
    `${isAlone ? '##' : '###'} ${words}`,
    '',
    `${safe(summary)}.`,
    ...(command.details ? ['', safe(command.details)] : []),
    '',
    '```',
    usageOf(node),
    '```',
    ...argumentTable(node),
    ...optionTable(ownOptions(node)),
    '',
    '```sh',
    command.example,
    '```',
    '',
  ];
}

/** The page, as it has to be for these commands. */
export async function cliPage(): Promise<string> {
  const nodes = treeOf(await loadCommands([])).filter(({ words }) => words !== '');
  const list = nodes
    .filter(({ command }) => command)
    .map(({ words, summary }) => `| [\`${words}\`](#${anchorOf(words)}) | ${safe(summary)} |`);
  const common: TreeOption[] = (nodes.find(({ command }) => command)?.options ?? []).filter(({ names }) =>
    commonNames.has(names.at(-1)),
  );
  return [
    HEAD,
    '| command | what it does |',
    '|---|---|',
    ...list,
    '',
    '## Options of every command',
    ...optionTable(common),
    '',
    ...nodes.flatMap(describe),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = await cliPage();
  const isNew = readFileSync(PAGE, { encoding: 'utf8', flag: 'a+' }) !== page;
  writeFileSync(PAGE, page);
  console.log(isNew ? 'docs/cli.md is up to date now.' : 'docs/cli.md was up to date.');
}
