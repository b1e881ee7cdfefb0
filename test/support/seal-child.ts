import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { startSealer } from '../../src/core/audit/sealer.ts';

// A process that seals the audit of a database until it is killed; argv: home, URL.
const [home, url] = process.argv.slice(2) as [string, string];
const app = await createApp(loadConfig({ home }, { DATABASE_URL: url, LOG_LEVEL: 'silent' }));
const sealer = startSealer(app);
process.stdout.write('sealing\n');
await sealer.sealNow();
