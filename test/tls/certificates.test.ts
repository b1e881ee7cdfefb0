import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../src/config.ts';
import { authorityFile, parseAuthority } from '../../src/tls/authority.ts';
import { type CertificateOptions, type Certificates, openCertificates } from '../../src/tls/certificates.ts';
import { TlsUnavailableError } from '../../src/tls/errors.ts';
import { makeApart } from '../../src/tls/make-apart.ts';
import { makeLeaf } from '../../src/tls/make-certificates.ts';
import { certificateFile } from '../../src/tls/own-certificates.ts';
import { until } from '../support/feed-ear.ts';
import { childrenOf } from '../support/processes.ts';
import { requirePrograms } from '../support/programs.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2027-05-01T10:00:00Z');
const NAMES = {
  dns: ['box', 'box.local', 'localhost', 'till.example'],
  addresses: ['127.0.0.1', '192.168.1.20'],
};

describe('the certificates of the installation', () => {
  before(function () {
    requirePrograms(this, 'openssl');
  });

  let home: string;
  const open: Certificates[] = [];
  const logged: string[] = [];
  const log = { info: () => {}, error: (_: object, message: string) => logged.push(message) };

  beforeEach(() => {
    home = tempFolder();
    logged.length = 0;
  });
  afterEach(() => {
    for (const certificates of open.splice(0)) certificates.close();
    removeFolder(home);
  });

  type Given = Partial<CertificateOptions> & {
    allowedHosts?: string[];
    files?: { cert: string; key: string };
  };
  async function start({ allowedHosts = ['box', 'till.example'], files, ...options }: Given = {}) {
    const edge = { allowedHosts, allowedOrigins: [], trustedProxies: [] };
    const config = {
      home,
      tls: { port: 0, files },
      edge: { ...edge, requestsPerSecond: 50, connectionsPerAddress: 50 },
    };
    const usual = { log, now: () => NOW, isMaker: true, lookMs: 20, findNames: () => NAMES };
    const certificates = await openCertificates(config, { ...usual, ...options });
    open.push(certificates);
    return certificates;
  }

  const leafOf = (certificates: Certificates) => new X509Certificate(certificates.current().certificate);
  const rootOf = ({ authority }: Certificates) => authority?.pem as string;
  const authorityIn = (folder: string) => {
    const authority = parseAuthority(readFileSync(authorityFile(folder), 'utf8'));
    if (!authority) throw new Error('There is no authority.');
    return authority;
  };

  /** What OpenSSL says of a certificate under that root, at that time. */
  function openssl(root: string, leaf: string, ...options: string[]): string {
    writeFileSync(join(home, 'root.pem'), root);
    writeFileSync(join(home, 'leaf.pem'), leaf);
    const at = String(NOW.getTime() / 1000);
    const fixed = ['verify', '-x509_strict', '-purpose', 'sslserver', '-attime', at, '-CAfile'];
    const paths = [join(home, 'root.pem'), ...options, join(home, 'leaf.pem')];
    const { stdout, stderr } = spawnSync('openssl', [...fixed, ...paths], { encoding: 'utf8' });
    return stdout + stderr;
  }

  it('are good by every name and address for OpenSSL, at its strictest', async () => {
    const certificates = await start();
    const { certificate } = certificates.current();
    for (const name of NAMES.dns)
      expect(openssl(rootOf(certificates), certificate, '-verify_hostname', name)).to.match(/: OK\n$/);
    for (const address of NAMES.addresses)
      expect(openssl(rootOf(certificates), certificate, '-verify_ip', address)).to.match(/: OK\n$/);
    expect(openssl(rootOf(certificates), certificate, '-verify_hostname', 'shop.local')).to.include(
      'mismatch',
    );
  });

  it('are good for nothing outside of private networks and the shop’s own names, whoever has the key', async () => {
    const certificates = await start();
    const authority = authorityIn(home);
    const stolen = async (names: { dns?: string[]; addresses?: string[] }) => {
      const leaf = await makeLeaf(authority, { dns: [], addresses: [], ...names }, NOW);
      return openssl(rootOf(certificates), leaf.certificate);
    };
    for (const name of ['example.com', 'till.example.com', 'xtill.example', 'notlocal', 'bank.example'])
      expect(await stolen({ dns: [name] }), name).to.include('permitted subtree violation');
    for (const address of ['8.8.8.8', '172.32.0.1', '169.254.1.1', '2001:db8::1', 'fe80::1'])
      expect(await stolen({ addresses: [address] }), address).to.include('permitted subtree violation');
    // An address of another private network, as DHCP may give one, needs no new root.
    for (const address of ['10.1.2.3', '172.31.255.1', '192.168.77.1', 'fd12:3456::1'])
      expect(await stolen({ addresses: [address] }), address).to.match(/: OK\n$/);
    // Nor can it make another authority, or sign anything but servers.
    const text = execFileSync('openssl', ['x509', '-noout', '-text'], {
      input: rootOf(certificates),
      encoding: 'utf8',
    });
    expect(text)
      .to.match(/CA:TRUE, pathlen:0/)
      .and.match(/Extended Key Usage: *\n *TLS Web Server Auth.*\n/);
    expect(text).to.match(/Name Constraints: critical/);
  });

  it('are in files for their owner alone, and refused when others can read them', async () => {
    await start();
    for (const file of [authorityFile(home), certificateFile(home)]) {
      expect(statSync(file).mode & 0o777, file).to.equal(0o600);
      for (const mode of [0o640, 0o604]) {
        chmodSync(file, mode);
        const error = await start().then(
          () => undefined,
          (thrown) => thrown,
        );
        expect(error).to.be.instanceOf(ConfigError);
        expect(error.message).to.equal(`${file} can be read by others. Close it: chmod 600 ${file}`);
      }
      chmodSync(file, 0o600);
    }
    expect(statSync(join(home, 'secrets')).mode & 0o777).to.equal(0o700);
  });

  it('stay as they are when nothing changed', async () => {
    const first = await start();
    const again = await start();
    expect(again.current().certificate).to.equal(first.current().certificate);
    expect(again.authority).to.deep.equal(first.authority);
  });

  it('are made anew when the addresses change, under the same root, while it runs', async () => {
    let names = NAMES;
    const certificates = await start({ findNames: () => names });
    const root = certificates.authority;
    const before = leafOf(certificates);
    let changes = 0;
    certificates.onChange(() => {
      changes += 1;
    });
    names = { ...NAMES, addresses: ['127.0.0.1', '10.0.0.7', 'fd00::7'] };
    await until(() => changes > 0);
    const after = leafOf(certificates);
    expect(after.serialNumber).to.not.equal(before.serialNumber);
    expect(certificates.names().addresses).to.have.members(names.addresses);
    expect(certificates.authority).to.deep.equal(root);
    expect(after.checkIP('10.0.0.7')).to.equal('10.0.0.7');
    expect(openssl(rootOf(certificates), certificates.current().certificate)).to.match(/: OK\n$/);
    // A worker of the same home sees it without making any.
    const worker = await start({ isMaker: false, findNames: () => NAMES });
    expect(worker.current().certificate).to.equal(certificates.current().certificate);
  });

  it('leave out names that the root was not made for, and say so', async () => {
    await start({ allowedHosts: ['box'], findNames: () => ({ ...NAMES, dns: ['box'] }) });
    const certificates = await start({ allowedHosts: ['box', 'till.example'] });
    expect(certificates.uncovered).to.deep.equal(['till.example']);
    expect(certificates.names().dns).to.have.members(['box', 'box.local', 'localhost']);
    expect(openssl(rootOf(certificates), certificates.current().certificate)).to.match(/: OK\n$/);
  });

  it('last no longer than browsers take, and are made anew two months before their end', async () => {
    const { validFromDate, validToDate } = leafOf(await start());
    expect((validToDate.getTime() - validFromDate.getTime()) / DAY_MS).to.be.at.most(397);
    expect(validFromDate.getTime()).to.be.below(NOW.getTime() - DAY_MS);
    const at = (days: number) => ({ now: () => new Date(validToDate.getTime() + days * DAY_MS) });
    expect(leafOf(await start(at(-61))).validToDate).to.deep.equal(validToDate);
    const later = leafOf(await start(at(-59)));
    expect(later.validToDate.getTime()).to.be.above(validToDate.getTime() + 300 * DAY_MS);
  });

  it('are good on a box that starts in 1970, and made anew when it was told the time', async () => {
    let now = new Date(5_000);
    const certificates = await start({ now: () => now });
    const root = new X509Certificate(rootOf(certificates));
    expect(root.validFromDate.getTime()).to.be.below(Date.UTC(2025, 0));
    expect(root.validToDate.getTime()).to.be.above(Date.UTC(2045, 0));
    expect(leafOf(certificates).validToDate.getTime()).to.be.above(Date.UTC(2027, 0));
    now = new Date('2031-01-01T00:00:00Z');
    await until(() => leafOf(certificates).validToDate.getTime() > now.getTime());
    // A power cut later it is 1970 again: tablets, which know the time, need the one that is there.
    const { serialNumber } = leafOf(certificates);
    certificates.close();
    expect(leafOf(await start({ now: () => new Date(9_000) })).serialNumber).to.equal(serialNumber);
    // Also when its address is another one now.
    const moved = await start({
      now: () => new Date(9_000),
      findNames: () => ({ ...NAMES, addresses: ['10.0.0.9'] }),
    });
    expect(leafOf(moved).validToDate.getTime()).to.be.above(now.getTime());
    expect(openssl(rootOf(moved), moved.current().certificate)).to.not.match(/: OK\n$/);
  });

  it('of a clock that was ahead are made anew when it is right', async () => {
    const ahead = await start({ now: () => new Date('2060-01-01T00:00:00Z') });
    const root = rootOf(ahead);
    ahead.close();
    const right = await start();
    expect(rootOf(right)).to.equal(root);
    expect(openssl(root, right.current().certificate)).to.match(/: OK\n$/);
  });

  it('are one root when two processes start at once', async () => {
    const both = await Promise.all([start(), start()]);
    expect(new Set(both.map(rootOf)).size).to.equal(1);
    for (const one of both) expect(openssl(rootOf(one), one.current().certificate)).to.match(/: OK\n$/);
  });

  it('that are damaged are told: the root is never replaced by itself, the certificate is', async () => {
    const first = await start();
    writeFileSync(certificateFile(home), 'rubbish');
    const again = await start();
    expect(rootOf(again)).to.equal(rootOf(first));
    expect(openssl(rootOf(again), again.current().certificate)).to.match(/: OK\n$/);
    const foreign = authorityIn(home);
    for (const text of ['rubbish', foreign.certificate, again.current().certificate + again.current().key]) {
      writeFileSync(authorityFile(home), text);
      const error = await start().catch((thrown) => thrown);
      expect(error).to.be.instanceOf(ConfigError);
      expect(error.message).to.match(
        /tls-authority is not a certificate authority with its key\. Put it back/,
      );
    }
  });

  it('are all new when somebody moved the root away', async () => {
    const first = await start();
    rmSync(authorityFile(home));
    const second = await start();
    expect(second.authority?.fingerprint).to.not.equal(first.authority?.fingerprint);
    expect(openssl(rootOf(second), second.current().certificate)).to.match(/: OK\n$/);
    expect(openssl(rootOf(first), second.current().certificate)).to.not.match(/: OK\n$/);
  });

  it('can not be had from what can not be made, which is said, and nothing is left behind', async () => {
    const task = {
      what: 'leaf',
      authority: { certificate: 'rubbish', key: 'rubbish' },
      names: NAMES,
      now: 0,
    } as const;
    const before = childrenOf(process.pid).length;
    const error = await makeApart(task).catch((thrown) => thrown);
    expect(error).to.be.instanceOf(TlsUnavailableError);
    expect(error.message).to.match(/^a certificate could not be made \(.+\)\.$/);
    await until(() => childrenOf(process.pid).length === before);
  });

  it('can not be had in a home that can not be written: that is said, and nothing else fails', async () => {
    writeFileSync(join(home, 'secrets'), 'in the way');
    const error = await start().catch((thrown) => thrown);
    expect(error).to.be.instanceOf(TlsUnavailableError);
    expect(error.message).to.match(/secrets can't be written/);
    expect(existsSync(authorityFile(home))).to.equal(false);
  });

  describe('that come from elsewhere', () => {
    const paths = () => ({ cert: join(home, 'chain.pem'), key: join(home, 'key.pem') });
    async function write(names: string[]): Promise<string> {
      await start();
      const authority = authorityIn(home);
      const leaf = await makeLeaf(authority, { dns: names, addresses: [] }, NOW);
      writeFileSync(paths().cert, leaf.certificate + authority.certificate);
      writeFileSync(paths().key, leaf.key, { mode: 0o600 });
      return leaf.certificate;
    }

    it('are served with their chain, and read again when somebody renews them', async () => {
      await write(['one.local']);
      const certificates = await start({ files: paths() });
      expect(certificates.authority).to.equal(undefined);
      expect(certificates.names().dns).to.deep.equal(['one.local']);
      expect(certificates.current().certificate.split('BEGIN CERTIFICATE')).to.have.length(3);
      let changes = 0;
      certificates.onChange(() => {
        changes += 1;
      });
      // Between the two it is not the key of the certificate: the old pair stays.
      writeFileSync(paths().key, authorityIn(home).key, { mode: 0o600 });
      await until(() => logged.length > 0);
      expect(certificates.names().dns).to.deep.equal(['one.local']);
      await write(['two.local']);
      await until(() => changes > 0);
      expect(certificates.names().dns).to.deep.equal(['two.local']);
    });

    it('are refused with a chain that nobody can read, or a key that is too weak, and never taken while it runs', async () => {
      const good = await write(['one.local']);
      const certificates = await start({ files: paths() });
      const broken = `${good}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`;
      writeFileSync(paths().cert, broken);
      await until(() => logged.length > 0);
      expect(certificates.current().certificate).to.equal(good + authorityIn(home).certificate);
      const fault = async () => await start({ files: paths() }).catch((error) => error);
      expect(await fault()).to.be.instanceOf(ConfigError);
      expect((await fault()).message).to.match(/chain\.pem \(TLS_CERT_FILE\) can't be served: .+\.$/);
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-days', '30', '-subj', '/CN=weak'],
          ...['-keyout', paths().key, '-out', paths().cert],
        ],
        { stdio: 'ignore' },
      );
      chmodSync(paths().key, 0o600);
      expect((await fault()).message).to.match(/can't be served: .*key too small/);
    });

    it('are told of in the log before they end, for others renew them', async () => {
      await write(['one.local']);
      const at = (days: number) => ({
        files: paths(),
        now: () => new Date(NOW.getTime() + days * DAY_MS),
      });
      await start(at(370));
      expect(logged).to.deep.equal([]);
      await start(at(380));
      expect(logged).to.deep.equal(['the certificate of HTTPS ends soon, or has ended: renew it']);
    });

    it('are refused without their key, with another key, or with one that all can read', async () => {
      await write(['one.local']);
      const fault = async () => String((await start({ files: paths() }).catch((error) => error)).message);
      chmodSync(paths().key, 0o640);
      await start({ files: paths() });
      chmodSync(paths().key, 0o644);
      expect(await fault()).to.match(/key\.pem can be read by others/);
      writeFileSync(paths().key, authorityIn(home).key);
      chmodSync(paths().key, 0o600);
      expect(await fault()).to.match(/are not a certificate and its key, as PEM and without a passphrase\.$/);
      expect(
        (await start({ files: { ...paths(), key: join(home, 'none') } }).catch((error) => error)).message,
      ).to.match(/none can't be read/);
    });
  });
});
