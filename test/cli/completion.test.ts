import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { cliPage, PAGE } from '../../scripts/cli-docs.ts';
import { type TreeNode, treeOf } from '../../src/cli/command-tree.ts';
import { loadCommands } from '../../src/cli/commands.ts';
import { bashCompletion } from '../../src/cli/completion/bash.ts';
import { fishCompletion } from '../../src/cli/completion/fish.ts';
import { zshCompletion } from '../../src/cli/completion/zsh.ts';

/** Says why a suite does not run, and skips it. */
function requireShell(test: Mocha.Context, shell: string): void {
  if (spawnSync(shell, ['--version']).status === 0) return;
  console.log(`    skipped: ${shell} is not installed`);
  test.skip();
}

const root = new URL('../..', import.meta.url).pathname;

/** What is typed before Tab → what it may become, in any shell. */
const typed: [line: string, includes: string[], excludes: string[]][] = [
  ['smoocho ', ['init', 'shop', 'completion'], ['create', '--json']],
  ['smoocho --ho', ['--home'], ['--shop']],
  ['smoocho --home /tmp shop ', ['list', 'create'], ['shop']],
  ['smoocho sh', ['shop', 'shift'], ['status']],
  ['smoocho backup key ', ['create', 'list'], ['prune']],
  ['smoocho user create --ro', ['--role'], ['--email']],
  ['smoocho user create --role ', ['cashier', 'manager', 'owner'], ['create']],
  ['smoocho user create --email a@b.c --role ow', ['owner'], ['manager']],
  ['smoocho export sales --format ', ['csv', 'jsonl'], []],
  ['smoocho completion ', ['bash', 'zsh', 'fish'], []],
  [`smoocho import products ${root}docs/da`, [`${root}docs/data`], []],
];

describe('completion', () => {
  let nodes: TreeNode[];
  before(async () => {
    nodes = treeOf(await loadCommands([]));
  });

  const run = (shell: string, args: string[], script: string) => {
    const { status, stdout, stderr } = spawnSync(shell, args, { input: script, encoding: 'utf8', cwd: root });
    expect([status, stderr], stderr).to.deep.equal([0, '']);
    return stdout.split('\n').filter(Boolean);
  };
  const expectAll = (complete: (line: string) => string[], more: typeof typed = []) => {
    for (const [line, includes, excludes] of [...typed, ...more]) {
      const found = complete(line);
      expect(found, line).to.include.members(includes);
      for (const word of excludes) expect(found, line).not.to.include(word);
    }
  };

  it('works in bash', function () {
    requireShell(this, 'bash');
    const script = bashCompletion(nodes);
    // As bash takes the line apart: at blanks and at equals signs.
    const complete = (line: string) => {
      const words = line.split(/ |(=)/).filter((word) => word !== undefined);
      const quoted = words.map((word) => `'${word}'`).join(' ');
      return run(
        'bash',
        ['--norc', '-s'],
        `${script}
        COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _smoocho; printf '%s\\n' "\${COMPREPLY[@]}"`,
      );
    };
    expectAll(complete, [
      ['smoocho user create --role=', ['cashier', 'owner'], []],
      ['smoocho user create --role=ow', ['owner'], ['manager']],
    ]);
  });

  it('works in fish', function () {
    requireShell(this, 'fish');
    const script = fishCompletion(nodes);
    expectAll((line) => {
      const found = run('fish', ['--no-config', '-c', `${script}\ncomplete -C'${line}'`], '');
      return found.map((each) => each.split('\t')[0]?.replace(/\/$/, '') ?? '');
    });
  });

  it('works in zsh', function () {
    requireShell(this, 'zsh');
    // compadd of a shell that completes prints instead.
    const script = `autoload -Uz compinit && compinit -u -D
      ${zshCompletion(nodes)}
      _describe() { [[ $1 == -o ]] && shift; local -a all; all=("\${(@P)2}"); print -rl -- \${all%%:*}; }
      _files() { print -rl -- \${words[CURRENT]}*; }
      _message() { :; }
      compset() { :; }
      compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- "$@"; }
      t() { words=("\${(@s: :)1}"); CURRENT=\${#words}; _smoocho; }`;
    for (const [line, includes] of typed) {
      const found = run('zsh', ['-f', '-s'], `${script}\nt '${line}'`);
      expect(found, line).to.include.members(includes);
    }
  });

  it('knows every command, option and value', () => {
    for (const script of [bashCompletion(nodes), zshCompletion(nodes), fishCompletion(nodes)]) {
      for (const { words, options } of nodes) {
        expect(script).to.include(`'${words}'`);
        for (const { names } of options) expect(script, words).to.include((names.at(-1) ?? '').slice(2));
      }
    }
  });
});

describe('docs/cli.md', () => {
  it('is what the command line says of itself', async () => {
    expect(readFileSync(PAGE, 'utf8') === (await cliPage()), 'Run: npm run docs:cli').to.equal(true);
  });
});
