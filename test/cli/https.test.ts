import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { smoocho, startCli } from '../support/cli.ts';
import { givenCommandHome } from '../support/command-home.ts';
import { until } from '../support/feed-ear.ts';
import { childrenOf } from '../support/processes.ts';
import { ask } from '../support/raw-http.ts';

const run = promisify(execFile);

describe('smoocho start over HTTPS', function () {
  this.timeout(120_000);
  const box = givenCommandHome({ TLS: 'auto', HTTPS_PORT: 'any' });
  const { env, start } = box;
  const options = ['--port=0', '--host=127.0.0.1'];
  const secret = (name: string) => join(box.home, 'secrets', name);
  const authority = () => secret('tls-authority');

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
    writeFileSync(join(box.home, 'ca.pem'), text);
    const { stdout } = await run('curl', [
      '-sS',
      '--cacert',
      join(box.home, 'ca.pem'),
      `${https.url}/readyz`,
    ]);
    expect(JSON.parse(stdout)).to.include({ status: 'ready' });
    for (const name of ['tls-authority', 'tls-certificate'])
      expect(statSync(secret(name)).mode & 0o777).to.equal(0o600);
    const printed = box.server().output();
    await box.stop();
    for (const name of ['tls-authority', 'tls-certificate']) {
      const [, key] = readFileSync(secret(name), 'utf8').split('PRIVATE KEY-----\n');
      expect(printed).to.not.include(String(key).split('\n')[0]);
    }
    // Again: the same root, in the same words.
    const again = await startCli(options, env(), 'Stop it with Ctrl-C.');
    const greeting = again.output();
    await again.stop();
    expect(greeting)
      .to.match(/^Over HTTPS: https:\/\/127\.0\.0\.1:\d+$/m)
      .and.include(https.fingerprint);
    expect(greeting).to.match(/^Devices trust it once they did what http:\/\/127\.0\.0\.1:\d+\/ca says/m);
  });

  it('writes an address of IPv6 as URLs have it', async function () {
    if (!Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))) {
      console.log('    skipped: this machine has no ::1');
      return this.skip();
    }
    const { url, https } = await start({}, ['--host=::1']);
    expect(new URL(url).hostname).to.equal('[::1]');
    expect(https.trustUrl).to.equal(`${url}/ca`);
    expect((await fetch(https.trustUrl)).status).to.equal(200);
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
      expect(box.server().output()).to.include(httpsProblem);
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
      await box.stop();
    }
  });

  it('refuses keys that others can read, and ports that are none', async () => {
    await start();
    await box.stop();
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
      '--https-port is "none"; it must be a number from 1 to 65535, any for a free one, or 0 for no HTTPS.\n',
    ]);
  });

  it('has one port and one certificate for all workers, of whom one that is killed comes back', async function () {
    const REDIS_URL = await box.redisUrl(this);
    const { https } = await start({ REDIS_URL }, ['--workers=2']);
    const serials = new Set<string>();
    for (let n = 0; n < 20; n += 1) serials.add(await serialAt(https.port));
    expect(serials.size).to.equal(1);
    const [worker] = childrenOf(box.server().child.pid as number);
    process.kill(worker as number, 'SIGKILL');
    await until(async () => {
      const workers = childrenOf(box.server().child.pid as number);
      return workers.length === 2 && !workers.includes(worker as number);
    }, 30_000);
    for (let n = 0; n < 20; n += 1) serials.add(await serialAt(https.port));
    expect(serials.size).to.equal(1);
  });

  it('keeps the workers on HTTP, and says why, when the port of HTTPS is taken', async function () {
    const REDIS_URL = await box.redisUrl(this);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    try {
      const more = { REDIS_URL, HTTPS_PORT: String(port) };
      const { url, https, httpsProblem } = await start(more, ['--workers=2']);
      expect(https).to.equal(null);
      expect(httpsProblem).to.include(`port ${port} is taken by another program`);
      expect((await ask(url, '/readyz')).status).to.equal(200);
    } finally {
      taken.close();
    }
  });
});
