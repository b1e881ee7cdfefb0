import { expect } from 'chai';
import { systemContext } from '../../../src/app.ts';
import { type SetUp, setUpInstallation } from '../../../src/core/shops/set-up-installation.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { PASSWORD } from '../../support/factories.ts';

const setUp: SetUp = {
  shop: { name: 'Kulfi Corner', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' },
  settings: { country: 'IN' },
  owner: { name: 'Asha', email: 'asha@example.com', password: PASSWORD },
};

describe('setting an installation up', () => {
  let test: TestApp;
  beforeEach(async () => {
    test = await startTestApp();
  });
  afterEach(() => test.close());

  it('wakes the feed once it is committed, and never before', async () => {
    const db = await test.database.connect();
    // Fails at the commit, after all of the work.
    await db.query(`
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'broken'; END $$;
      CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON shops DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail()`);
    const kinds: string[] = [];
    const off = test.app.bus.onMessage(({ kind }) => kinds.push(kind));
    const context = () => systemContext(test.app, 'test');
    const failed = await setUpInstallation(context(), setUp).catch((error) => error);
    expect(failed?.message).to.include('broken');
    expect(kinds).to.deep.equal([]);
    await db.query('DROP FUNCTION fail() CASCADE');
    await setUpInstallation(context(), setUp);
    expect(kinds).to.deep.equal(['events']);
    off();
  });
});
