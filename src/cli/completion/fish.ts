import type { TreeNode, TreeOption } from '../command-tree.ts';

/** In single quotes for fish, which knows two escapes in them. */
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const at = (words: string) => `complete -c smoocho -n ${quoted(`__smoocho_at ${quoted(words)}`)}`;

function optionLine(words: string, { names, description, value }: TreeOption): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const values = value && value.values.length > 0 ? ` -a ${quoted(value.values.join(' '))}` : '';
  const takes = value ? (value.isFile ? ' -r -F' : ` -x${values}`) : '';
  return `${at(words)} ${flags.join(' ')}${takes} -d ${quoted(description)}`;
}

const linesOf = ({ words, children, options, arguments: given }: TreeNode): string[] => [
  ...children.map(({ word, summary }) => `${at(words)} -a ${quoted(word)} -d ${quoted(summary)}`),
  ...given.flatMap(({ values, isFile }) => [
    ...(values.length > 0 ? [`${at(words)} -a ${quoted(values.join(' '))}`] : []),
    ...(isFile ? [`${at(words)} -F`] : []),
  ]),
  ...options.map((option) => optionLine(words, option)),
];

/** Completion for fish. */
export const fishCompletion = (nodes: readonly TreeNode[]): string => `# smoocho completion fish
complete -c smoocho -e
complete -c smoocho -f
complete -c smoocho.js -w smoocho
function __smoocho_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim -- "$path $word")
    contains -- $longer $__smoocho_paths; and set path $longer
  end
  test "$path" = "$argv[1]"
end
set -g __smoocho_paths ${nodes
  .filter(({ words }) => words !== '')
  .map(({ words }) => quoted(words))
  .join(' ')}
${nodes.flatMap(linesOf).join('\n')}
`;
