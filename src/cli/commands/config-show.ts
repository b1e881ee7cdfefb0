import { shownSettings } from '../../config.ts';
import type { Command } from '../command.ts';
import { inLine } from '../output/in-line.ts';
import { table } from '../output/table.ts';

export const configShow: Command = {
  name: 'config show',
  summary: 'Every setting, where it comes from, and what it is, without secrets',
  options: [{ flags: '--changed', description: 'only what somebody set' }],
  example: 'smoocho config show --changed',
  allowsInvalidConfig: true,
  async run(shell, options) {
    const { home, settings, unknown } = shownSettings(options.home as string | undefined);
    const shown = options.changed ? settings.filter(({ source }) => source !== 'default') : settings;
    shell.print(`Home: ${home}`, '');
    if (shown.length === 0) shell.print('Everything is as it comes.');
    else
      shell.show(
        table(shown, [
          { title: 'setting', value: ({ name }) => name },
          { title: 'value', value: ({ value }) => value },
          { title: 'from', value: ({ source, from }) => from ?? source },
        ]),
      );
    if (unknown.length > 0)
      shell.print(
        '',
        `No settings, so that other commands refuse the file: ${unknown.map(inLine).join(', ')}`,
      );
    shell.give({ home, settings: shown, unknown });
    return undefined;
  },
};
