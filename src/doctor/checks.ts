import type { Check } from './check.ts';
import { backupChecks } from './checks/backups.ts';
import { databaseChecks } from './checks/database.ts';
import { homeChecks } from './checks/home.ts';
import { machineChecks } from './checks/machine.ts';
import { networkChecks } from './checks/network.ts';
import { settingsChecks } from './checks/settings.ts';
import { shopChecks } from './checks/shops.ts';

/** Every check under the heading that people see, in the order in which they are shown. */
export const checkGroups: readonly { title: string; checks: readonly Check[] }[] = [
  { title: 'Settings', checks: settingsChecks },
  { title: 'Database', checks: databaseChecks },
  { title: 'Server and network', checks: networkChecks },
  { title: 'Backups', checks: backupChecks },
  { title: 'Shops', checks: shopChecks },
  { title: 'Files', checks: homeChecks },
  { title: 'Machine', checks: machineChecks },
];

export const checks: readonly Check[] = checkGroups.flatMap((group) => group.checks);
