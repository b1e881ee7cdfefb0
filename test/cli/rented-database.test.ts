import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import { entities } from '../../src/core/entities.ts';
import { closeOrm, openOrm } from '../../src/database/orm.ts';
import { queryRow } from '../../src/database/query.ts';
import { initOptions, PASSWORD, passwordFile, type Server, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { requireDebianPostgres } from '../support/debian-postgres.ts';
import { requirePrograms } from '../support/programs.ts';
import { freePort } from '../support/redis.ts';
import { type RentedPostgres, startRentedPostgres } from '../support/rented-postgres.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { warmCommands } from '../support/warm-commands.ts';

const READY = 'Stop it with Ctrl-C.';

describe('on a rented PostgreSQL', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  let database: RentedPostgres;
  let home: string;
  let env: Record<string, string>;

  before(async function () {
    requireDebianPostgres(this, 15);
    requirePrograms(this, 'openssl');
    database = await startRentedPostgres(15);
    home = tempFolder();
    env = { SMOOCHO_HOME: home, DATABASE_URL: database.url, MASTER_KEY: randomBytes(32).toString('base64') };
  });
  after(() => {
    database?.stop();
    if (home) removeFolder(home);
  });

  const done = async (...args: string[]) => {
    const ran = await smoocho(args, env);
    expect(ran.code, `${args.join(' ')}: ${ran.stderr}`).to.equal(0);
    return ran;
  };
  const withParameter = (name: string, value: string) => {
    const url = new URL(database.url);
    url.searchParams.set(name, value);
    return url.href;
  };

  async function withServer(work: (url: string) => Promise<void>): Promise<void> {
    const port = await freePort();
    const server: Server = await startCli(['--host=127.0.0.1', `--port=${port}`], env, READY);
    try {
      await work(`http://127.0.0.1:${port}`);
    } finally {
      await server.stop();
    }
  }

  async function sell(url: string): Promise<void> {
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { body } = await clientOf(url).post('/api/auth/login', login);
    const owner = clientOf(url, body.accessToken);
    const shop = `/api/shops/${body.shops[0].id}`;
    const product = await owner.post(`${shop}/products`, { name: 'Kulfi', price: '40.00', category: 'Ice' });
    const items = [{ productId: product.body.id, quantity: 2 }];
    const order = await owner.post(`${shop}/orders`, {
      id: crypto.randomUUID(),
      ...{ orderType: 'takeaway', items, paymentMethod: 'cash' },
    });
    expect(order.status).to.equal(201);
  }

  const orders = async () => {
    const rows = await database.sql('SELECT count(*)::int AS count FROM orders', 'smoocho');
    return rows[0]?.count as number;
  };

  it('sets a shop up and sells, over TLS on every connection', async () => {
    await done('init', ...initOptions(home), `--password-file=${passwordFile(home)}`);
    await withServer(async (url) => {
      await sell(url);
      const held = await database.sql(
        "SELECT a.application_name, s.ssl FROM pg_stat_activity a JOIN pg_stat_ssl s USING (pid) WHERE a.usename = 'shopkeeper'",
      );
      expect(held).to.not.have.length(0);
      expect(held.filter(({ ssl }) => !ssl)).to.deep.equal([]);
      // While it serves: a shop that sold and has no server is a problem.
      await done('status');
    });
    await done('verify');
  });

  it('backs up, restores, and takes that back', async () => {
    const { json } = await done('backup', 'create', '--json');
    await withServer(sell);
    expect(await orders()).to.equal(2);
    await done('restore', json().file, '--yes');
    expect(await orders()).to.equal(1);
    await done('verify');
    await done('restore', '--undo', '--yes');
    expect(await orders()).to.equal(2);
    await done('verify');
  });

  it('goes on with a new machine, which has the address of the database and the master key alone', async () => {
    const [lost, before] = [env, await orders()];
    env = { ...lost, SMOOCHO_HOME: tempFolder() };
    try {
      await withServer(sell);
      expect(await orders()).to.equal(before + 1);
      await done('verify');
      await done('backup', 'create');
    } finally {
      removeFolder(env.SMOOCHO_HOME as string);
      env = lost;
    }
  });

  it('takes a certificate by its authority alone where the URL says so, as for an address that no certificate has', async () => {
    const other = await startRentedPostgres(15, { name: 'database.example', host: '127.0.0.1' });
    try {
      const statusOf = (parameters: Record<string, string>) => {
        const url = new URL(other.url);
        for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
        return smoocho(['migrate', 'status'], { ...env, DATABASE_URL: url.href });
      };
      const byName = await statusOf({});
      expect(byName.code).to.equal(5);
      expect(byName.stderr).to.match(/call it by the name that its certificate has/);
      const byAuthority = { uselibpqcompat: 'true', sslmode: 'verify-ca' };
      const taken = await statusOf(byAuthority);
      expect(taken.code, taken.stderr).to.not.equal(5);
      expect((await statusOf({ ...byAuthority, sslrootcert: other.otherCaFile })).code).to.equal(5);
      env = {
        ...env,
        DATABASE_URL: other.url.replace('sslmode=verify-full', 'uselibpqcompat=true&sslmode=verify-ca'),
      };
      await done('migrate', 'up');
    } finally {
      env = { ...env, DATABASE_URL: database.url };
      other.stop();
    }
  });

  it('shows a certificate of its own where the database asks for one', async () => {
    const orm = await openOrm(database.certifiedUrl, entities, { poolSize: 1, onError: () => {} });
    try {
      const row = await queryRow(
        orm.em.fork(),
        'SELECT ssl, client_dn AS name FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      expect(row).to.deep.equal({ ssl: true, name: '/CN=client' });
    } finally {
      await closeOrm(orm);
    }
  });

  it('says what to do about a certificate that it does not trust, and about a file that is not there', async () => {
    const wrong = await smoocho(['status'], {
      ...env,
      DATABASE_URL: withParameter('sslrootcert', database.otherCaFile),
    });
    expect(wrong.code).to.equal(5);
    expect(wrong.stderr).to.match(/certificate.*sslrootcert/s);
    const absent = join(home, 'none.pem');
    const missing = await smoocho(['status'], { ...env, DATABASE_URL: withParameter('sslrootcert', absent) });
    expect(missing.code).to.equal(2);
    expect(missing.stderr).to.match(/^DATABASE_URL .*none\.pem.*\n$/);
    expect(missing.stderr).to.not.include('p@ss');
    const plain = await smoocho(['status'], { ...env, DATABASE_URL: withParameter('sslmode', 'disable') });
    expect(plain.code).to.equal(5);
    expect(plain.stderr).to.match(/no encryption.*sslmode=verify-full/s);
  });
});
