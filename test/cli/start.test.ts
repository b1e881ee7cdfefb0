import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { lanAddresses } from '../../src/cli/lan-addresses.ts';
import { newSecret } from '../../src/config.ts';
import { initOptions, launcher, PASSWORD, smoocho, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { saleOf } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const READY = 'Stop it with Ctrl-C.';

describe('smoocho start', () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  const env = () => ({ SMOOCHO_HOME: home });
  const urlIn = (output: string) => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] as string;
  /** What everybody of the demo is answered who signs in with a password. */
  async function signIns(url: string, { people }: { people: { email: string }[] }, password: string) {
    const answers = people.map(({ email }) => clientOf(url).post('/api/auth/login', { email, password }));
    return (await Promise.all(answers)).map(({ status }) => status);
  }
  const isRunning = () => existsSync(join(home, 'demo', 'postgres', 'data', 'postmaster.pid'));

  it('serves a demo whose printed curl places an order, and again on the same data', async () => {
    const first = await startCli(['--demo', '--port=0'], env(), READY);
    const sell = (output: string) => {
      const curl = output.split('\n').find((line) => line.includes('/orders')) as string;
      return JSON.parse(execFileSync('sh', ['-c', curl], { encoding: 'utf8' }));
    };
    const sold = sell(first.output());
    expect(sold.status).to.equal('completed');
    expect(sold.orderNumber).to.match(/^DEMO\/\d{4}\/000001$/);
    const login = first
      .output()
      .split('\n')
      .find((line) => line.includes('/login')) as string;
    expect(JSON.parse(execFileSync('sh', ['-c', login], { encoding: 'utf8' })).user.role).to.equal('owner');
    const looked = await smoocho(['status', '--json', '--home', join(home, 'demo')], {});
    expect([looked.code, looked.json().findings]).to.deep.equal([0, []]);
    const beside = await smoocho(['start', '--demo', '--port=0'], env());
    expect(beside.code).to.equal(6);
    expect(beside.stderr).to.match(/^The demo runs already at http:\S+ \(process \d+\)\. [^{]*\n$/);
    expect(await first.stop()).to.equal(0);
    expect(isRunning()).to.equal(false);

    // The real shop's master key is none of the demo's.
    const real = { ...env(), MASTER_KEY: newSecret() };
    const second = await startCli(['--demo', '--port=0'], real, READY);
    expect(statSync(join(home, 'demo', 'secrets', 'master-key')).mode & 0o777).to.equal(0o600);
    expect(sell(second.output()).orderNumber).to.match(/\/000002$/);
    expect(await second.stop('SIGINT')).to.equal(0);
    expect(isRunning()).to.equal(false);
  });

  it('survives a kill -9 of itself: no answered sale is lost, and the next one has passwords of its own', async () => {
    const killed = await startCli(['--demo', '--port=0', '--json'], env(), /\n}\n$/);
    const { url, demo } = JSON.parse(killed.output());
    expect(killed.output().split(demo.password)).to.have.length(2);
    expect(await signIns(url, demo, demo.password)).to.deep.equal([200, 200, 200]);
    const till = clientOf(url, demo.accessToken);
    const answered = [];
    for (let n = 0; n < 10; n++) {
      answered.push(
        (await till.post(`/api/shops/${demo.shopId}/orders`, saleOf({ id: demo.productId }))).body,
      );
    }
    await killed.stop('SIGKILL');
    expect(isRunning()).to.equal(true);
    const next = await startCli(['--demo', '--port=0', '--json'], env(), /\n}\n$/);
    const after = JSON.parse(next.output());
    expect(next.output().split(after.demo.password)).to.have.length(2);
    expect(await signIns(after.url, demo, after.demo.password)).to.deep.equal([200, 200, 200]);
    // A password is good for the run that showed it.
    expect(await signIns(after.url, demo, demo.password)).to.deep.equal([401, 401, 401]);
    const again = clientOf(after.url, after.demo.accessToken);
    const { body } = await again.get(`/api/shops/${demo.shopId}/orders`);
    expect(body.data.map((order: { id: string }) => order.id)).to.deep.equal(
      answered.map((order) => order.id).reverse(),
    );
    expect(await next.stop()).to.equal(0);
    expect(isRunning()).to.equal(false);
  });

  it('off a terminal, with nothing set up, prints a link whose token makes one owner', async () => {
    const server = await startCli(['--port=0', '--host=127.0.0.1'], env(), READY);
    const link = /^ {2}(http:\S+)\/set-up#([\w-]{43})$/m.exec(server.output());
    const setupToken = link?.[2] as string;
    // What it prints works in a browser, the link without what only a browser's script reads.
    expect(link?.[1]).to.equal(urlIn(server.output()));
    for (const path of ['/', '/set-up']) expect((await fetch(`${link?.[1]}${path}`)).status).to.equal(200);
    const owner = { setupToken, name: 'Asha', email: 'asha@example.com', password: PASSWORD };
    const shop = { name: 'Kulfi', code: 'KULF', currency: 'INR', timezone: 'Asia/Kolkata' };
    const client = clientOf(urlIn(server.output()));
    expect((await client.post('/api/auth/register', { ...owner, shop })).status).to.equal(201);
    expect((await client.post('/api/auth/register', { ...owner, email: 'b@example.com' })).status).to.equal(
      403,
    );
    const { body } = await client.post('/api/auth/login', { email: owner.email, password: PASSWORD });
    expect(body.shops[0].code).to.equal('KULF');
    await server.stop();
    const proxy = { TRUSTED_PROXIES: '10.0.0.2', ALLOWED_HOSTS: 'kulfi.local' };
    const proxied = { ...env(), ...proxy, TLS: 'auto', HTTPS_PORT: 'any' };
    const later = await startCli(['--port=0', '--host=0.0.0.0'], proxied, READY);
    const printed = later.output();
    await later.stop();
    expect(printed).to.not.include('/set-up#');
    // Its own addresses are those of a container.
    expect(printed)
      .to.include('\nTills, through the proxy: https://kulfi.local\n')
      .and.not.include('Over HTTPS')
      .and.not.include('Tills on');
    for (const address of lanAddresses({ host: '0.0.0.0' })) expect(printed).to.not.include(address);
  });

  it('shares its database with commands, and keeps it when they are done', async () => {
    await smoocho(['init', ...initOptions(home)], env());
    const server = await startCli(['--port=0', '--host=127.0.0.1'], env(), READY);
    const newShop = ['--name=Second', '--code=TWO', '--currency=INR', '--timezone=Asia/Kolkata'];
    const ran = await Promise.all([
      smoocho(['shop', 'create', ...newShop], env()),
      smoocho(['user', 'list', '--shop=KULF', '--json'], env()),
    ]);
    expect(ran.map(({ code }) => code)).to.deep.equal([0, 0]);
    const client = clientOf(urlIn(server.output()));
    const { body } = await client.post('/api/auth/login', { email: 'asha@example.com', password: PASSWORD });
    expect(body.shops.map((shop: { code: string }) => shop.code)).to.have.members(['KULF', 'TWO']);
    expect(await server.stop()).to.equal(0);
  });

  it('says in a sentence what keeps it from listening', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await smoocho(['start', '--demo', `--port=${port}`], env());
    taken.close();
    expect([code, stderr]).to.deep.equal([
      1,
      `Port ${port} is taken by another program. See which program it is: sudo ss -ltnp 'sport = :${port}', or choose another port: smoocho start --port ${port + 1}\n`,
    ]);
    expect((await smoocho(['start', '--port=eighty'], env())).code).to.equal(2);
  });

  it('refuses secrets that others can read', async () => {
    await smoocho(['init', ...initOptions(home)], env());
    execFileSync('chmod', ['644', join(home, 'secrets', 'postgres-password')]);
    const { code, stderr } = await smoocho(['shop', 'list'], env());
    expect([code, stderr]).to.deep.equal([
      2,
      `${home}/secrets/postgres-password can be read by others. Close it: chmod 600 ${home}/secrets/postgres-password\n`,
    ]);
  });
});

describe('the launcher', () => {
  it('hands over to the Node that the package brought when the running one is too old', () => {
    const source = readFileSync(launcher, 'utf8');
    // As an old Node would see itself: only the version that the launcher compares is another.
    const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' });\n`;
    const old = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, launcher, '--version'],
      {
        encoding: 'utf8',
      },
    );
    expect([old.status, old.stdout]).to.deep.equal([0, '0.1.0\n']);
    expect(source).to.include("'node_modules', 'node'");
  });

  it('keeps the young generation of the server small, whatever comes and goes', () => {
    const measure = `
      import { getHeapSpaceStatistics } from 'node:v8';
      process.once('exit', () => {
        for (let n = 0; n < 50; n += 1) Array.from({ length: 50_000 }, (_, i) => ({ i }));
        console.error(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size);
      });`;
    const { stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(measure)}`, launcher, 'start', '--help'],
      { encoding: 'utf8' },
    );
    expect(Number(stderr)).to.be.within(1, 8 * 1024 * 1024);
  });
});
