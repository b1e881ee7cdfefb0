import type { TreeNode, TreeOption } from '../command-tree.ts';

/** In single quotes for any shell of the family. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** What may be a value, for `compgen`: words, files, or nothing that is known. */
const valueCase = (words: string, { names, value }: TreeOption): string[] => {
  if (!value) return [];
  const patterns = names.map((name) => quoted(`${words}|${name}`)).join('|');
  if (value.isFile) return [`    ${patterns}) kind=file ;;`];
  return [`    ${patterns}) kind=value values=${quoted(value.values.join(' '))} ;;`];
};

const nodeCase = ({ words, children, options, arguments: given }: TreeNode): string => {
  const flags = options.flatMap(({ names }) => names).join(' ');
  const next = [...children.map(({ word }) => word), ...given.flatMap(({ values }) => values)].join(' ');
  const files = given.some(({ isFile }) => isFile) ? ' files=1' : '';
  return `    ${quoted(words)}) next=${quoted(next)} flags=${quoted(flags)}${files} ;;`;
};

/**
 * Completion for bash 3.2 and newer, without the package bash-completion. All that it knows is in the text: a Raspberry Pi
 * would take half a second for each Tab to ask the program.
 */
export const bashCompletion = (nodes: readonly TreeNode[]): string => `# smoocho completion bash
_smoocho() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' path='' word i
  local next='' flags='' files='' kind='' values=''
  COMPREPLY=()
  # bash takes --shop=PIZA apart at the equals sign.
  if [[ $cur == '=' ]]; then cur=''; prev=\${COMP_WORDS[COMP_CWORD-1]}
  elif [[ $COMP_CWORD -gt 2 && \${COMP_WORDS[COMP_CWORD-1]} == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $COMP_CWORD -gt 1 ]]; then prev=\${COMP_WORDS[COMP_CWORD-1]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    _smoocho_is_path "\${path:+$path }$word" && path="\${path:+$path }$word"
  done
  case "$path|$prev" in
${nodes.flatMap(({ words, options }) => options.flatMap((option) => valueCase(words, option))).join('\n')}
  esac
  case "$path" in
${nodes.map(nodeCase).join('\n')}
  esac
  if [[ $kind == file ]]; then files=1 next='' cur=\${cur#=}
  elif [[ $kind == value ]]; then next=$values files=''
  elif [[ $cur == -* ]]; then next=$flags files=''
  fi
  while IFS= read -r word; do
    [[ -n $word ]] && COMPREPLY+=("$word")
  done < <(compgen -W "$next" -- "$cur"; [[ -n $files ]] && compgen -f -- "$cur")
  [[ -n $files ]] && compopt -o filenames 2>/dev/null
  return 0
}
_smoocho_is_path() {
  case "$1" in
${nodes
  .filter(({ words }) => words !== '')
  .map(({ words }) => `    ${quoted(words)}) return 0 ;;`)
  .join('\n')}
  esac
  return 1
}
complete -F _smoocho smoocho smoocho.js
`;
