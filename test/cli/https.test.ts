import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { initOptions, type Server, smoocho, startCli } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { childrenOf } from '../support/processes.ts';
import { ask } from '../support/raw-http.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const run = promisify(execFile);
const READY = /"demo"[^}]*}/;

describe('smoocho start over HTTPS', function () {
  this.timeout(60_000);
  let home: string;
  let database: TestDatabase;
  let server: Server | undefined;
  let redis: TestRedis | undefined;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    expect((await smoocho(['init', ...initOptions(home)], env())).code).to.equal(0);
  });
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    await redis?.kill();
    redis = undefined;
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const env = (more: Record<string, string> = {}) => ({
    SMOOCHO_HOME: home,
    DATABASE_URL: database.url,
    TLS: 'auto',
    HTTPS_PORT: 'any',
    ...more,
  });
  const options = ['--port=0', '--host=127.0.0.1'];
  const start = async (more: Record<string, string> = {}, flags: string[] = []) => {
    server = await startCli([...options, '--json', ...flags], env(more), READY);
    const { output } = server;
    return JSON.parse(/^\{$.*?^\}$/ms.exec(output())?.[0] ?? '');
  };
  const authority = () => join(home, 'secrets', 'tls-authority');

  /** The serial number of the certificate that answers at a port, to one who trusts the shop's root. */
  async function serialAt(port: number): Promise<string> {
    const ca = readFileSync(authority(), 'utf8');
    const sent = request({ host: '127.0.0.1', port, path: '/healthz', ca, agent: false }).end();
    const [response] = await once(sent, 'response');
    const { serialNumber } = (response.socket as TLSSocket).getPeerCertificate();
    response.resume();
    await once(response, 'end');
    expect(response.statusCode).to.equal(200);
    return serialNumber;
  }

  it('says to people and to programs where it is, and how devices come to trust it', async () => {
    const { url, https, httpsProblem } = await start();
    expect(https.url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(https).to.deep.include({ port: Number(new URL(https.url).port), trustUrl: `${url}/ca` });
    expect(httpsProblem).to.equal(null);
    const { text } = await ask(url, '/ca.pem');
    expect(new X509Certificate(text).fingerprint256).to.equal(https.fingerprint);
    expect((await ask(url, '/ca')).text).to.include(https.fingerprint);
    writeFileSync(join(home, 'ca.pem'), text);
    const { stdout } = await run('curl', ['-sS', '--cacert', join(home, 'ca.pem'), `${https.url}/readyz`]);
    expect(JSON.parse(stdout)).to.include({ status: 'ready' });
    for (const name of ['tls-authority', 'tls-certificate'])
      expect(statSync(join(home, 'secrets', name)).mode & 0o777).to.equal(0o600);
    const said = server?.output() ?? '';
    await server?.stop();
    for (const name of ['tls-authority', 'tls-certificate']) {
      const [, key] = readFileSync(join(home, 'secrets', name), 'utf8').split('PRIVATE KEY-----\n');
      expect(said).to.not.include(String(key).split('\n')[0]);
    }
    // Again: the same root, in the same words.
    server = await startCli(options, env(), 'Stop it with Ctrl-C.');
    expect(server.output())
      .to.match(/^Over HTTPS: https:\/\/127\.0\.0\.1:\d+$/m)
      .and.include(https.fingerprint);
    expect(server.output()).to.match(
      /^Devices trust it once they did what http:\/\/127\.0\.0\.1:\d+\/ca says/m,
    );
  });

  it('serves HTTP alone, and says why, when its port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      const { url, https, httpsProblem } = await start({ HTTPS_PORT: String(port) });
      expect([https, httpsProblem]).to.deep.equal([
        null,
        `HTTPS is not served: port ${port} is taken by another program. Choose another with --https-port, or HTTPS_PORT.`,
      ]);
      expect(server?.output()).to.include(httpsProblem);
      expect((await ask(url, '/readyz')).status).to.equal(200);
      expect((await ask(url, '/ca')).status).to.equal(404);
    } finally {
      taken.close();
    }
  });

  it('serves HTTP alone, and says why, when HTTP has that port', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const same = await start({}, [`--port=${port}`, `--https-port=${port}`]);
    expect([same.https, same.httpsProblem]).to.deep.equal([
      null,
      `HTTPS is not served: port ${port} is that of HTTP. Choose another with --https-port, or HTTPS_PORT.`,
    ]);
  });

  it('is turned off by TLS=off, by HTTPS_PORT=0 and by --https-port 0, without a word', async () => {
    for (const [more, flags] of [
      [{ TLS: 'off' }, []],
      [{ HTTPS_PORT: '0' }, []],
      [{}, ['--https-port=0']],
    ] as const) {
      const { https, httpsProblem } = await start(more, [...flags]);
      expect([https, httpsProblem]).to.deep.equal([null, null]);
      await server?.stop();
    }
    server = undefined;
  });

  it('refuses keys that others can read, and ports that are none', async () => {
    await start();
    await server?.stop();
    server = undefined;
    chmodSync(authority(), 0o644);
    const loose = await smoocho(['start', ...options], env());
    expect([loose.code, loose.stderr]).to.deep.equal([
      2,
      `${authority()} can be read by others. Close it: chmod 600 ${authority()}\n`,
    ]);
    chmodSync(authority(), 0o600);
    const { code, stderr } = await smoocho(['start', ...options, '--https-port=none'], env());
    expect([code, stderr]).to.deep.equal([
      2,
      'The HTTPS port is "none"; it must be a number from 1 to 65535, any for a free one, or 0 for no HTTPS.\n',
    ]);
  });

  it('has one port and one certificate for all workers, of whom one that is killed comes back', async function () {
    requireRedis(this);
    redis = await startRedis();
    const { https } = await start({ REDIS_URL: redis.url }, ['--workers=2']);
    const serials = new Set<string>();
    for (let n = 0; n < 20; n += 1) serials.add(await serialAt(https.port));
    expect(serials.size).to.equal(1);
    const [worker] = childrenOf(server?.child.pid as number);
    process.kill(worker as number, 'SIGKILL');
    await until(async () => {
      const workers = childrenOf(server?.child.pid as number);
      return workers.length === 2 && !workers.includes(worker as number);
    }, 30_000);
    for (let n = 0; n < 20; n += 1) serials.add(await serialAt(https.port));
    expect(serials.size).to.equal(1);
  });

  it('keeps the workers on HTTP, and says why, when the port of HTTPS is taken', async function () {
    requireRedis(this);
    redis = await startRedis();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      const more = { REDIS_URL: redis.url, HTTPS_PORT: String(port) };
      const { url, https, httpsProblem } = await start(more, ['--workers=2']);
      expect(https).to.equal(null);
      expect(httpsProblem).to.include(`port ${port} is taken by another program`);
      expect((await ask(url, '/readyz')).status).to.equal(200);
    } finally {
      taken.close();
    }
  });
});
