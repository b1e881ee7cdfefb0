import type { Command, Option } from './command.ts';
import { commonOptions, groups } from './program.ts';

/** The value of an option or an argument: one of a list, a file, or any text. */
type Value = { name: string; values: readonly string[]; isFile: boolean };

export type TreeOption = {
  /** As they are typed, such as `--shop` or `-q` and `--quiet`. */
  names: string[];
  description: string;
  isRequired: boolean;
  /** Null: it takes none. */
  value: Value | null;
};

export type TreeArgument = Value & { description: string; isOptional: boolean };

/** A command or a group of commands, by the words that lead to it; no words lead to the root. */
export type TreeNode = {
  words: string;
  summary: string;
  children: { word: string; summary: string }[];
  options: TreeOption[];
  arguments: TreeArgument[];
  /** Null: a group. */
  command: Command | null;
};

const FILES = new Set(['file', 'folder', 'dir', 'place', 'path']);

const readValue = (name: string, values: readonly string[] = []): Value => ({
  name,
  values,
  isFile: values.length === 0 && FILES.has(name),
});

function readOption({ flags, description, required, values }: Option): TreeOption {
  const value = /[<[](.+?)[>\]]/.exec(flags)?.[1];
  return {
    names: flags.match(/(?<![\w-])--?[a-z][\w-]*/g) ?? [],
    description,
    isRequired: required === true,
    value: value === undefined ? null : readValue(value, values),
  };
}

const HELP: Option = { flags: '-h, --help', description: 'how it goes, with an example' };
const VERSION: Option = { flags: '-V, --version', description: 'which version it is' };

/** All commands and their groups, in the order of the help; a group stands before its commands. */
export function treeOf(commands: readonly Command[]): TreeNode[] {
  const group = (words: string): TreeNode => ({
    words,
    summary: groups[words] ?? '',
    children: [],
    options: [...commonOptions, HELP, ...(words === '' ? [VERSION] : [])].map(readOption),
    arguments: [],
    command: null,
  });
  const nodes = new Map([['', group('')]]);
  const add = (parent: string, word: string, node: TreeNode) => {
    if (nodes.has(node.words)) return;
    nodes.set(node.words, node);
    nodes.get(parent)?.children.push({ word, summary: node.summary });
  };
  for (const command of commands) {
    const words = command.name.split(' ');
    for (const [depth, word] of words.entries()) {
      const parent = words.slice(0, depth).join(' ');
      const path = words.slice(0, depth + 1).join(' ');
      add(parent, word, path === command.name ? nodeOf(command) : group(path));
    }
  }
  return [...nodes.values()];
}

const nodeOf = (command: Command): TreeNode => ({
  words: command.name,
  summary: command.summary,
  children: [],
  options: [...command.options, ...commonOptions, HELP].map(readOption),
  arguments: (command.arguments ?? []).map(({ name, description, isOptional = false, values }) => ({
    ...readValue(name, values),
    description,
    isOptional,
  })),
  command,
});
