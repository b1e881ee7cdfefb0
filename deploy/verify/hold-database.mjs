// A command that uses the database of /var/lib/smoocho for so many seconds, started or found.
const [, , seconds] = process.argv;
const program = '/usr/local/lib/node_modules/smoocho/dist';
const { createLog, openDatabase } = await import(`${program}/app.js`);
const { loadConfig } = await import(`${program}/config.js`);
const config = loadConfig({ home: '/var/lib/smoocho' });
const database = await openDatabase(config, createLog(config));
process.stdout.write('held\n');
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
await database.release();
