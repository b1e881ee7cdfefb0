import { expect } from 'chai';
import { createApp, migrateDown, migrateUp, migrationStatus } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import { SchemaError } from '../../src/database/migrate.ts';
import { DatabaseRefusedError } from '../../src/database/requirements.ts';
import { testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('migrations', () => {
  const names = ['0001_core', '0002_billing'];

  it('go up once, also when two start at once, and all the way down again', async () => {
    const database = await testDatabase({ migrated: false });
    expect(await migrationStatus(database.url)).to.deep.equal({ applied: [], pending: names, unknown: [] });
    const applied = await Promise.all([migrateUp(database.url), migrateUp(database.url)]);
    expect(applied.flat()).to.deep.equal(names);
    expect(await migrateUp(database.url)).to.deep.equal([]);
    expect(await migrationStatus(database.url)).to.deep.equal({ applied: names, pending: [], unknown: [] });
    expect(await migrateDown(database.url, names.length)).to.deep.equal([...names].reverse());
    const client = await database.connect();
    const { rows } = await client.query(
      `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace`,
    );
    expect(rows).to.deep.equal([{ relname: 'pgmigrations' }]);
    expect(await migrateUp(database.url)).to.deep.equal(names);
    await database.drop();
  });

  const refusalOf = async (url: string) => {
    const home = tempFolder();
    const config = loadConfig({ home }, { DATABASE_URL: url, LOG_LEVEL: 'silent' });
    const refusal = await createApp(config).then(
      (app) => app.close(),
      (error) => error,
    );
    removeFolder(home);
    return refusal;
  };

  it('of a newer program make this one refuse the database, and say so', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    await client.query("INSERT INTO pgmigrations (name, run_on) VALUES ('9999_future', now())");
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'newer' });
    expect(refusal.message).to.include('9999_future').and.include('newer');
    await database.drop();
  });

  it('that are missing are named with what to do', async () => {
    const database = await testDatabase({ migrated: false });
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(SchemaError).and.include({ kind: 'empty' });
    await database.drop();
  });

  it('are not run on a database that may lose sales', async () => {
    const database = await testDatabase();
    const client = await database.connect();
    const { rows } = await client.query('SELECT current_database() AS name');
    await client.query(`ALTER DATABASE ${rows[0].name} SET synchronous_commit = off`);
    const refusal = await refusalOf(database.url);
    expect(refusal).to.be.instanceOf(DatabaseRefusedError);
    expect(refusal.message).to.include('synchronous_commit');
    await database.drop();
  });

  it('need a database that answers', async () => {
    const refusal = await refusalOf('postgres://nobody:secret@127.0.0.1:1/nothing');
    expect(refusal).to.be.instanceOf(DatabaseUnreachableError);
    expect(refusal.message).to.include('127.0.0.1:1').and.not.include('secret');
  });
});
