import { rmSync } from 'node:fs';
import {
  isInstalled,
  requireSystemd,
  STOP_TIMEOUT_MS,
  serviceHome,
  systemctl,
  UNIT,
  UNIT_FILE,
} from '../../systemd.ts';
import type { Command } from '../command.ts';

export const serviceUninstall: Command = {
  name: 'service uninstall',
  summary: 'Stop the service and let systemd forget it; the data stay',
  options: [],
  example: 'sudo smoocho service uninstall',
  async run(shell) {
    requireSystemd(true);
    const home = serviceHome() ?? shell.config.home;
    const wasInstalled = isInstalled();
    if (wasInstalled) {
      await systemctl(['disable', '--quiet', '--now', UNIT], STOP_TIMEOUT_MS);
      rmSync(UNIT_FILE);
      await systemctl(['daemon-reload']);
    }
    shell.say(
      wasInstalled ? 'The service is gone.' : 'There was no service.',
      `The shop's data are in ${home} as before, and /etc/smoocho/smoocho.env has its settings.`,
    );
    shell.give({ wasInstalled, home });
    return undefined;
  },
};
