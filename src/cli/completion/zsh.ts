import type { TreeNode, TreeOption } from '../command-tree.ts';
import { quoted } from './bash.ts';

/** `name:what it is`, as `_describe` reads it. */
const described = (name: string, what: string) => quoted(`${name.replaceAll(':', '\\:')}:${what}`);

const valueCase = (words: string, { names, value }: TreeOption): string[] => {
  if (!value) return [];
  const patterns = names.map((name) => quoted(`${words}|${name}`)).join('|');
  const action = value.isFile
    ? '_files'
    : value.values.length > 0
      ? `compadd -- ${value.values.map(quoted).join(' ')}`
      : `_message ${quoted(value.name)}`;
  return [`    ${patterns}) ${action}; return ;;`];
};

const nodeCase = ({ words, children, options, arguments: given }: TreeNode): string => {
  const next = [
    ...children.map(({ word, summary }) => described(word, summary)),
    ...given.flatMap(({ values, description }) => values.map((value) => described(value, description))),
  ];
  const flags = options.flatMap(({ names, description }) =>
    names.map((name) => described(name, description)),
  );
  const files = given.some(({ isFile }) => isFile) ? '\n      files=1' : '';
  return `    ${quoted(words)})
      next=(${next.join(' ')})
      flags=(${flags.join(' ')})${files} ;;`;
};

/** Completion for zsh: to be read with `source`, or as a file `_smoocho` of the `fpath`. */
export const zshCompletion = (nodes: readonly TreeNode[]): string => `#compdef smoocho smoocho.js
# smoocho completion zsh
_smoocho() {
  local path_='' word option=\${words[CURRENT-1]} files=''
  local -a next flags
  for word in \${words[2,CURRENT-1]}; do
    _smoocho_is_path "\${path_:+$path_ }$word" && path_="\${path_:+$path_ }$word"
  done
  if [[ \${words[CURRENT]} == --*=* ]]; then
    option=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  case "$path_|$option" in
${nodes.flatMap(({ words, options }) => options.flatMap((option) => valueCase(words, option))).join('\n')}
  esac
  case "$path_" in
${nodes.map(nodeCase).join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe -o option flags
    return
  fi
  local found=1
  (( \${#next} )) && _describe command next && found=0
  [[ -n $files ]] && _files && found=0
  return found
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
if [[ \${funcstack[1]} == _smoocho ]]; then _smoocho "$@"; else compdef _smoocho smoocho smoocho.js; fi
`;
