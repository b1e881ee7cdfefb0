import { cpus } from 'node:os';
import { benchBackup } from './backup.ts';
import { benchBackupLoad } from './backup-load.ts';
import { benchCommands } from './commands.ts';
import { benchFeed } from './feed.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { benchOrders } from './orders.ts';
import { benchPictures } from './pictures.ts';
import { benchPricing } from './pricing.ts';
import { benchSizing } from './sizing.ts';
import { benchSockets } from './sockets.ts';
import { benchStart } from './start.ts';
import { benchWear } from './wear.ts';

const suites: Record<string, () => Promise<string[]>> = {
  pricing: benchPricing,
  start: benchStart,
  commands: benchCommands,
  memory: benchMemory,
  import: benchImport,
  orders: benchOrders,
  feed: benchFeed,
  sockets: benchSockets,
  backup: benchBackup,
  'backup-load': benchBackupLoad,
  pictures: benchPictures,
  sizing: benchSizing,
  wear: benchWear,
};
/** Twenty minutes of waiting: only when it is asked for. */
const ONLY_BY_NAME = ['wear'];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(suites, name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. There are: ${Object.keys(suites).join(', ')}.`);
  process.exit(2);
}
console.log(`Node ${process.version}, ${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown processor'}\n`);
for (const [name, run] of Object.entries(suites)) {
  if (wanted.length > 0 ? !wanted.includes(name) : ONLY_BY_NAME.includes(name)) continue;
  console.log(`${name}:`);
  for (const line of await run()) console.log(`  ${line}`);
}
