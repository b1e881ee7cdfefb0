import { expect } from 'chai';
import type pg from 'pg';
import { createBackup } from '../../src/backup/create-backup.ts';
import { BackupRefusedError } from '../../src/backup/errors.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { fillDatabase } from '../../src/backup/restore/fill-database.ts';
import { restoreBackup } from '../../src/backup/restore/restore-backup.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/core/context.ts';
import { withClient } from '../../src/database/migrate.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenBusyShop } from '../support/busy-shop.ts';
import { smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import {
  type DebianPostgres,
  requireDebianPostgres,
  startDebianPostgres,
} from '../support/debian-postgres.ts';
import { givenPicture } from '../support/image-parts.ts';
import { photo } from '../support/pictures.ts';
import { openOn } from '../support/restore-parts.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { fingerprint } from '../support/world.ts';

const OLDER = 15;

/** A database of a machine of its own, and what is on it. */
type Place = { config: Config; url: string };
const placeAt = (url: string): Place => ({
  url,
  config: loadConfig({ home: tempFolder() }, { DATABASE_URL: url, LOG_LEVEL: 'silent' }),
});

describe('a backup of one version of PostgreSQL on another', function () {
  this.timeout(120_000);
  let older: DebianPostgres;
  let test: TestApp;
  const newer: TestDatabase[] = [];
  const places: Place[] = [];

  before(async function () {
    requireDebianPostgres(this, OLDER);
    older = await startDebianPostgres(OLDER);
    test = await startTestApp();
    const shop = await givenBusyShop(test, 'VERS');
    await givenPicture(shop, await photo(300, 200).jpeg().toBuffer());
  });
  after(async () => {
    for (const { config } of places) removeFolder(config.home);
    older?.stop();
    await test?.close();
    for (const database of newer) await database.drop();
  });

  async function onOlder(name: string): Promise<Place> {
    await withClient(older.url('postgres'), (client) => client.query(`CREATE DATABASE ${name}`));
    const place = placeAt(older.url(name));
    places.push(place);
    return place;
  }
  async function onNewer(): Promise<Place> {
    const database = await testDatabase({ migrated: false });
    newer.push(database);
    const place = placeAt(database.url);
    places.push(place);
    return place;
  }
  const backUp = ({ config, url }: Place) =>
    createBackup({ config, databaseUrl: url, now: () => new Date() });
  async function open({ config }: Place, file: string) {
    const identities = [(await boxKey(config.home)).identity];
    const { manifest, secrets } = await readBack(file, identities);
    if (!manifest) throw new Error(`${file} can not be read`);
    return { file, identities, manifest, secrets };
  }
  /** All rows as JSON; the keys are wrapped for each machine. */
  async function rowsOf(url: string) {
    const { keys: _, pgmigrations: __, ...rows } = await withClient(url, (client) => fingerprint(client));
    return rows;
  }
  async function fill(archive: Awaited<ReturnType<typeof open>>, { config, url }: Place) {
    const { shops } = await fillDatabase(archive, { config, url, openApp: openOn(config), now: new Date() });
    expect(shops.map(({ isSound }) => isSound)).to.deep.equal([true]);
  }
  const sums = ({ manifest }: Awaited<ReturnType<typeof open>>) =>
    manifest.tables
      .filter(({ name }) => name !== 'keys')
      .map(({ name, rows, sha256 }) => [name, rows, sha256]);

  it('has the same rows, sums and pictures there, and back again', async () => {
    const source = { config: test.app.config, url: test.database.url };
    const first = await open(source, (await backUp(source)).file);
    const there = await onOlder('there');
    await fill(first, there);
    expect(await rowsOf(there.url)).to.deep.equal(await rowsOf(source.url));
    const second = await open(there, (await backUp(there)).file);
    expect([first, second].map(({ manifest }) => Number.parseInt(manifest.postgres, 10))).to.deep.equal([
      18,
      OLDER,
    ]);
    expect(sums(second)).to.deep.equal(sums(first));
    expect(second.manifest.images).to.deep.equal(first.manifest.images).and.have.length(3);
    const back = await onNewer();
    await fill(second, back);
    expect(await rowsOf(back.url)).to.deep.equal(await rowsOf(source.url));
    const third = await open(back, (await backUp(back)).file);
    expect(sums(third)).to.deep.equal(sums(first));
  });

  it('takes the place of what is there, on the older one, too', async () => {
    const source = { config: test.app.config, url: test.database.url };
    const { file, identities } = await open(source, (await backUp(source)).file);
    const { config, url } = await onOlder('replaced');
    const restore = () =>
      restoreBackup({
        ...{ config, databaseUrl: url, isInto: false, file, identities, openApp: openOn(config) },
        ...{
          now: () => new Date(),
          actor: systemActor('test'),
          confirm: async () => true,
          onProgress: () => {},
        },
      });
    expect((await restore())?.keptDatabase).to.equal(null);
    expect((await restore())?.keptDatabase).to.match(/^replaced_before_\d{17}$/);
  });

  const restoreTo = async (url: string, file: string) => {
    const place = placeAt(url);
    places.push(place);
    const { config } = place;
    const identities = [(await boxKey(test.app.config.home)).identity];
    return await restoreBackup({
      ...{ config, databaseUrl: url, isInto: false, file, identities, openApp: openOn(config) },
      ...{
        now: () => new Date(),
        actor: systemActor('test'),
        confirm: async () => true,
        onProgress: () => {},
      },
    });
  };

  it('is refused with what to do where the user gets into no other database', async () => {
    const source = { config: test.app.config, url: test.database.url };
    const { file } = await backUp(source);
    await withClient(older.url('postgres'), async (client) => {
      await client.query('CREATE ROLE rented LOGIN');
      await client.query('CREATE DATABASE rented OWNER rented');
      await client.query('REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC');
    });
    const url = older.url('rented').replace('smoocho@', 'rented@');
    const error = await restoreTo(url, file).catch((thrown: Error) => thrown);
    expect(error).to.be.instanceOf(BackupRefusedError);
    expect((error as Error).message)
      .to.include('no database but its own (')
      .and.include('--into postgres://');
    // Each night old ones are taken away there, too.
    const { config } = placeAt(url);
    const env = { SMOOCHO_HOME: config.home, DATABASE_URL: url };
    expect((await smoocho(['migrate', 'up'], env)).code).to.equal(0);
    const pruned = await smoocho(['backup', 'prune', '--json'], env);
    expect([pruned.code, pruned.stderr]).to.deep.equal([0, '']);
    removeFolder(config.home);
  });

  it('takes the place of the database that every server has, too, also where the address names none', async () => {
    const source = { config: test.app.config, url: test.database.url };
    const { file } = await backUp(source);
    await withClient(older.url('postgres'), (client) => client.query('CREATE DATABASE smoocho'));
    const url = older.url('postgres');
    expect((await restoreTo(url, file))?.keptDatabase).to.equal(null);
    expect((await restoreTo(url, file))?.keptDatabase).to.match(/^postgres_before_\d{17}$/);
    expect((await restoreTo(older.url('').slice(0, -1), file))?.keptDatabase).to.equal(null);
    const shops = (client: pg.Client) => client.query('SELECT code FROM shops');
    for (const name of ['postgres', 'smoocho'])
      expect((await withClient(older.url(name), shops)).rows).to.deep.equal([{ code: 'VERS' }]);
  });
});
