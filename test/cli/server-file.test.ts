import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog } from '../../src/app.ts';
import type { Shell } from '../../src/cli/command.ts';
import { sayDone } from '../../src/cli/init/next-steps.ts';
import { lanAddresses } from '../../src/cli/lan-addresses.ts';
import { fitsQr } from '../../src/cli/output/qr.ts';
import { requireNoneRunning } from '../../src/cli/require-none-running.ts';
import { deviceUrls, ownUrl, type ServerAddress } from '../../src/cli/server-address.ts';
import { loadConfig } from '../../src/config.ts';
import { keepServerFile, readServerFile } from '../../src/server-file.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const SERVER = { host: '0.0.0.0', port: 8123, https: { port: 8443 } };

describe("the running server's address in the home", () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  const path = () => join(home, 'server.json');
  const now = new Date('2026-04-01T10:00:00Z');
  const keep = (env: Record<string, string> = {}, server: Parameters<typeof keepServerFile>[1] = SERVER) => {
    const config = loadConfig({ home }, env);
    return keepServerFile(
      { config, log: createLog({ ...config, logLevel: 'silent' }), now: () => now },
      server,
    );
  };

  it('is there until the server stops, for its own user, with no secret in it', () => {
    const kept = keep({
      TRUSTED_PROXIES: '10.0.0.2',
      ALLOWED_HOSTS: 'shop.example',
      METRICS_TOKEN: 'x'.repeat(32),
    });
    expect(readServerFile(home)).to.deep.include({
      pid: process.pid,
      startedAt: now.toISOString(),
      host: '0.0.0.0',
      port: 8123,
      httpsPort: 8443,
      isProxied: true,
      allowedHosts: ['shop.example'],
    });
    expect(statSync(path()).mode & 0o777).to.equal(0o600);
    expect(readFileSync(path(), 'utf8')).to.not.include('xxx');
    kept.close();
    expect([existsSync(path()), readServerFile(home)]).to.deep.equal([false, undefined]);
    kept.close();
  });

  it('keeps a second one from starting only where it is known to be that very process', () => {
    keep();
    const start = () => requireNoneRunning({ home, redisUrl: undefined }, false);
    expect(start).to.throw(/^Smoocho runs already at http:\S+ \(process \d+\)\./);
    // Without /proc, the number may be of any process since.
    writeFileSync(path(), JSON.stringify({ ...JSON.parse(readFileSync(path(), 'utf8')), startTicks: null }));
    expect(start).to.not.throw();
  });

  it('is read of a plain file of its size alone, without waiting for a pipe', () => {
    execFileSync('mkfifo', [path()]);
    expect(readServerFile(home)).to.equal(undefined);
    rmSync(path());
    keep();
    writeFileSync(path(), readFileSync(path(), 'utf8') + ' '.repeat(300_000));
    expect(readServerFile(home)).to.equal(undefined);
  });

  it('is nobody once that process is gone, or another one has its number', async () => {
    keep();
    const file = JSON.parse(readFileSync(path(), 'utf8'));
    const other = spawn('true');
    await once(other, 'exit');
    writeFileSync(path(), JSON.stringify({ ...file, pid: other.pid }));
    expect(readServerFile(home)).to.equal(undefined);
    if (process.platform === 'linux') {
      writeFileSync(path(), JSON.stringify({ ...file, startTicks: '1' }));
      expect(readServerFile(home)).to.equal(undefined);
    }
    // What a power cut leaves.
    for (const damaged of ['', '\0\0\0', '{"pid":1}', 'null', '{"pid":"1"}']) {
      writeFileSync(path(), damaged);
      expect(readServerFile(home), damaged).to.equal(undefined);
    }
  });

  it('of a later server stays when an earlier one stops, and none keeps a server from running', () => {
    const first = keep();
    const later = { ...JSON.parse(readFileSync(path(), 'utf8')), pid: process.ppid, startTicks: null };
    writeFileSync(path(), JSON.stringify(later));
    first.close();
    expect(readServerFile(home)?.pid).to.equal(process.ppid);
    removeFolder(home);
    keep().close();
  });

  it('is what devices are shown: the likeliest first, a proxy by its names, none for this machine alone', () => {
    const place = (more: Partial<ServerAddress>): ServerAddress => ({
      host: '192.168.1.20',
      port: 8080,
      httpsPort: null,
      isProxied: false,
      allowedHosts: [],
      ...more,
    });
    expect(deviceUrls(place({}))).to.deep.equal(['http://192.168.1.20:8080']);
    expect(deviceUrls(place({ host: 'fd00::1' }))).to.deep.equal(['http://[fd00::1]:8080']);
    for (const host of ['127.0.0.1', 'localhost', '::1'])
      expect(deviceUrls(place({ host }))).to.deep.equal([]);
    const proxied = { isProxied: true, allowedHosts: ['a.example', 'b.example'] };
    expect(deviceUrls(place(proxied))).to.deep.equal(['https://a.example', 'https://b.example']);
    expect(deviceUrls(place({ isProxied: true }))).to.deep.equal([]);
    // What init says at its end, in a container too.
    const config = loadConfig({ home }, { TRUSTED_PROXIES: '10.0.0.2', ALLOWED_HOSTS: 'shop.example' });
    const said: string[] = [];
    const shell = { config, isInteractive: false, say: (...lines: string[]) => said.push(...lines) };
    const result = { home, created: true, isServed: false, shops: [], owners: [] };
    sayDone(shell as unknown as Shell, result, undefined, true);
    expect(said.at(-1)).to.equal('  through the proxy   https://shop.example, once it is open');
    expect(ownUrl({ host: '::', port: 80 })).to.equal('http://localhost:80');
  });

  it('has addresses of containers and of nobody last', () => {
    const ipv4 = (address: string, internal = false) =>
      [{ family: 'IPv4', address, internal }] as NetworkInterfaceInfo[];
    const interfaces = {
      lo: ipv4('127.0.0.1', true),
      docker0: ipv4('172.17.0.1'),
      wlan1: ipv4('169.254.7.7'),
      eth0: [...ipv4('192.168.1.20'), { family: 'IPv6', address: 'fe80::1' } as NetworkInterfaceInfo],
      wlan0: ipv4('192.168.1.21'),
    };
    expect(lanAddresses({ host: '0.0.0.0' }, interfaces)).to.deep.equal([
      '192.168.1.20',
      '192.168.1.21',
      '172.17.0.1',
      '169.254.7.7',
    ]);
    expect(lanAddresses({ host: '192.168.1.20' }, interfaces)).to.deep.equal([]);
  });

  it('is drawn as a QR code where the terminal has room for it', () => {
    expect(fitsQr('http://192.168.1.20:8080', { columns: 80, rows: 24 })).to.equal(true);
    expect(fitsQr('http://192.168.1.20:8080', { columns: 28, rows: 24 })).to.equal(false);
    expect(fitsQr('http://192.168.1.20:8080', { columns: 80, rows: 18 })).to.equal(false);
  });
});
