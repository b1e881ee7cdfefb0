import type { Command } from '../command.ts';
import { UsageError } from '../exit-codes.ts';

const shells = ['bash', 'zsh', 'fish'] as const;

/** `load` gives all commands: this one is among them, and importing the list from here would go in a circle. */
export const completionOf = (load: () => Promise<Command[]>): Command => ({
  name: 'completion',
  summary: 'Print what lets a shell complete commands, options and their values with Tab',
  arguments: [{ name: 'shell', description: 'bash, zsh or fish', values: shells }],
  details:
    'It completes smoocho, and ./bin/smoocho.js of a checkout by any path. For bash: smoocho completion bash > ~/.local/share/bash-completion/completions/smoocho. For zsh, a file _smoocho in a folder of $fpath; for fish: ~/.config/fish/completions/smoocho.fish.',
  options: [],
  example: 'source <(smoocho completion bash)',
  async run(shell, _options, [asked]) {
    const known = shells.find((each) => each === asked);
    if (!known) throw new UsageError(`The shells are ${shells.join(', ')}.`);
    const script = await scriptFor(known, await load());
    if (!shell.wantsJson) process.stdout.write(script);
    shell.give({ shell: known, script });
    return undefined;
  },
});

async function scriptFor(shell: (typeof shells)[number], commands: Command[]): Promise<string> {
  const { treeOf } = await import('../command-tree.ts');
  const { bashCompletion } = await import('../completion/bash.ts');
  const { zshCompletion } = await import('../completion/zsh.ts');
  const { fishCompletion } = await import('../completion/fish.ts');
  const nodes = treeOf(commands);
  return { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }[shell](nodes);
}
