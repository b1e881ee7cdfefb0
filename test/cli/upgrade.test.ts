import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { boxKey } from '../../src/backup/keys.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { migrationStatus } from '../../src/database/migrate.ts';
import { type Ran, type Server, smoocho, startCli } from '../support/cli.ts';
import type { TestDatabase } from '../support/database.ts';
import { IS_LONG } from '../support/kills.ts';
import { givenOldDatabase, OLD_FIGURES } from '../support/old-schema.ts';
import { backUp, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const READY = 'Stop it with Ctrl-C.';
const FIRST = 1;

describe('a database of an older version', function () {
  this.timeout(120_000);
  let home: string;
  const databases: TestDatabase[] = [];
  const servers: Server[] = [];

  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
    for (const database of databases.splice(0)) await database.drop();
    removeFolder(home);
  });

  async function given(count: number): Promise<TestDatabase> {
    const database = await givenOldDatabase(count);
    databases.push(database);
    return database;
  }
  const env = (database: TestDatabase) => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url });
  const appliedTo = async ({ url }: TestDatabase) => (await migrationStatus(url)).applied.length;
  async function newestCount() {
    const { applied, pending } = await migrationStatus((await given(FIRST)).url);
    return applied.length + pending.length;
  }
  const archives = () =>
    readdirSync(home).includes('backups')
      ? readdirSync(join(home, 'backups')).map((name) => join(home, 'backups', name))
      : [];
  /** The one that was made before, which has the old schema and all that was in it. */
  async function expectBackup(count: number): Promise<void> {
    const [file] = archives().sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
    const { manifest, findings } = await readBack(file as string, [(await boxKey(home)).identity]);
    expect([findings, manifest?.migrations.length]).to.deep.equal([[], count]);
    expect(manifest?.shops[0]).to.include(OLD_FIGURES);
  }

  it('is backed up by start and then brought up to date, also when another command does the same at once', async () => {
    const database = await given(3);
    const starting = startCli(['--port=0', '--host=127.0.0.1'], env(database), READY);
    const other = smoocho(['migrate', 'up'], env(database));
    const server = await starting;
    servers.push(server);
    const second = await other;
    expect(server.output() + second.stderr).to.include('A backup was made first: ');
    expect(second.code, second.stderr).to.equal(0);
    await expectBackup(3);
    const report = ['report', 'sales', '--shop=KULF', '--from=2026-05-01', '--to=2026-05-01', '--json'];
    const { totals } = (await smoocho(report, env(database))).json();
    expect(totals).to.include({ orders: 1, total: '105.00' });
    // Now there is nothing to do, and no further backup.
    const made = archives().length;
    const again = await smoocho(['migrate', 'up', '--json'], env(database));
    expect([again.code, again.json(), archives().length]).to.deep.equal([0, { applied: [] }, made]);
  });

  it('is backed up by init and by migrate up, too', async () => {
    const [one, two] = [await given(5), await given(8)];
    const init = await smoocho(['init', '--yes'], env(one));
    expect([init.code, init.stdout]).to.deep.equal([
      0,
      `Everything is set up in ${home} already: Kulfi (KULF). Nothing was changed.\n`,
    ]);
    await expectBackup(5);
    removeFolder(join(home, 'backups'));
    removeFolder(join(home, 'secrets'));
    const up = await smoocho(['migrate', 'up', '--json'], env(two));
    expect([up.code, up.json().applied[0]]).to.deep.equal([0, '0009_epochs']);
    expect(up.stderr).to.match(
      /^The database is of an older version: 0009_epochs, .* to come\.\nA backup was made first: \S+\n[\s\S]*It is up to date\.\n$/,
    );
    await expectBackup(8);
  });

  it('stays as it is where there is no room for the backup, unless told to go on without one', async function () {
    const database = await given(4);
    mkdirSync(join(home, 'backups'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', join(home, 'backups')], {
      encoding: 'utf8',
    });
    if (mounted.status !== 0) {
      console.log('    skipped: no small disk can be mounted here');
      this.skip();
    }
    try {
      for (const args of [
        ['start', '--port=0'],
        ['migrate', 'up'],
      ]) {
        const { code, json } = await smoocho([...args, '--json'], env(database));
        expect([code, json().exitCode]).to.deep.equal([6, 6]);
        expect(json().error.title).to.match(
          /^There is too little room for a backup in .*To go on without one, add --without-backup\.$/,
        );
      }
      expect(await appliedTo(database)).to.equal(4);
      const server = await startCli(
        ['--without-backup', '--port=0', '--host=127.0.0.1'],
        env(database),
        READY,
      );
      expect(await server.stop()).to.equal(0);
      expect([(await appliedTo(database)) > 4, archives()]).to.deep.equal([true, []]);
    } finally {
      spawnSync('umount', [join(home, 'backups')]);
    }
  });

  /** What `start` and `migrate up` say of a migration that can't be, with the schema that there is after it. */
  async function refusal(database: TestDatabase, count: number): Promise<Ran> {
    const ran = await smoocho(['start', '--port=0'], env(database));
    expect([ran.code, ran.stdout, await appliedTo(database)]).to.deep.equal([6, '', count]);
    return ran;
  }

  it('keeps its schema when a migration fails, and says so', async () => {
    const database = await given(8);
    const db = await database.connect();
    // Somebody's own table stands where a migration makes one.
    await db.query('CREATE SCHEMA own');
    await db.query(
      "CREATE FUNCTION own.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not on this machine'; END $$",
    );
    await db.query(
      "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION own.refuse()",
    );
    const { stderr } = await refusal(database, 8);
    expect(stderr).to.match(
      /The database could not be brought up to date and stays as it was \(not on this machine\)\. Go on with the version before; a backup of today is in \S+\.smoocho\.\n$/,
    );
    await expectBackup(8);
    await db.query('DROP EVENT TRIGGER refuse');
  });

  it('is tried again where the database went away in the midst of it', async () => {
    const database = await given(8);
    const db = await database.connect();
    await db.query('CREATE SCHEMA own');
    await db.query(
      'CREATE FUNCTION own.go_away() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); END $$',
    );
    await db.query(
      "CREATE EVENT TRIGGER go_away ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION own.go_away()",
    );
    const { code, stderr } = await smoocho(['start', '--port=0'], env(database));
    expect([code, await appliedTo(database)], stderr).to.deep.equal([exitCodes.databaseUnreachable, 8]);
    expect(stderr).to.match(/The connection to the database at \S+ broke/);
    await db.query('DROP EVENT TRIGGER go_away');
    expect((await smoocho(['migrate', 'up', '--without-backup'], env(database))).code).to.equal(0);
  });

  it('keeps its schema when a migration would change a figure, and says so', async () => {
    const database = await given(8);
    const db = await database.connect();
    // Whatever a migration does to the shops, this makes an order dearer.
    await db.query('CREATE SCHEMA own');
    await db.query(
      "CREATE FUNCTION own.spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.orders SET total = total + 1 WHERE order_number = 'KULF/2627/1'; END $$",
    );
    await db.query(
      "CREATE EVENT TRIGGER spoil ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION own.spoil()",
    );
    const { stderr } = await refusal(database, 8);
    expect(stderr).to.match(
      /Bringing the database up to date would have changed the figures of the shop KULF, so it was taken back\. Nothing was changed\. Go on with the version before, and report this\.\n$/,
    );
    await db.query('DROP EVENT TRIGGER spoil');
    const { rows } = await db.query("SELECT total::text FROM orders WHERE order_number = 'KULF/2627/1'");
    expect(rows).to.deep.equal([{ total: '105.00' }]);
    expect((await smoocho(['migrate', 'up', '--without-backup'], env(database))).code).to.equal(0);
  });

  it('of a newer version is refused before anything is backed up', async () => {
    const database = await given(FIRST);
    const db = await database.connect();
    await db.query("INSERT INTO pgmigrations (name, run_on) VALUES ('9999_future', now())");
    const { code, stderr } = await smoocho(['start', '--port=0'], env(database));
    expect([code, archives()]).to.deep.equal([6, []]);
    expect(stderr).to.include('was made by a newer smoocho (it has 9999_future)');
  });

  it('comes back from a backup of each of them, brought forward', async () => {
    const newest = await newestCount();
    // A usual run takes each third one; the long run takes all.
    for (let count = FIRST; count <= newest; count += IS_LONG ? 1 : 3) {
      const box = await newBox({}, await given(count));
      const { file, shops } = await backUp(box);
      expect([count, shops]).to.deep.equal([count, [OLD_FIGURES]]);
      const other = await newBox();
      databases.push(other.database);
      const identities = [(await boxKey(box.home)).identity];
      const restored = await restoreOn(other, file, { identities });
      expect([count, restored?.manifest.migrations.length]).to.deep.equal([count, count]);
      expect(await appliedTo(other.database)).to.equal(newest);
      const db = await other.database.connect();
      const { rows } = await db.query(
        `SELECT s.code, count(*)::int AS orders, sum(o.total)::text AS total, e.number::int AS epochs
         FROM shops s JOIN orders o ON o.shop_id = s.id JOIN shop_heads h ON h.shop_id = s.id
         JOIN shop_epochs e ON e.shop_id = s.id AND e.epoch = h.epoch GROUP BY s.code, e.number`,
      );
      await db.end();
      expect([count, rows]).to.deep.equal([count, [{ ...OLD_FIGURES, epochs: 2 }]]);
      for (const folder of [box.home, other.home]) removeFolder(folder);
    }
  });

  it('is refused while its settings can not be read', async () => {
    const database = await given(FIRST);
    writeFileSync(join(home, 'config.json'), '{"backup": {"shedule": "0 3 * * *"}}');
    const { code } = await smoocho(['start', '--port=0'], env(database));
    expect([code, await appliedTo(database)]).to.deep.equal([2, 1]);
    expect(readFileSync(join(home, 'config.json'), 'utf8')).to.include('shedule');
  });
});
