import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError, loadConfig, withoutRealShop } from '../src/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

describe('the configuration of HTTPS', () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  const tls = (env: Record<string, string> = {}, httpsPort?: string) =>
    loadConfig({ home, httpsPort }, env).tls;
  const files = { TLS_CERT_FILE: '/etc/tls/chain.pem', TLS_KEY_FILE: '/etc/tls/key.pem' };

  it('is on port 8443 with certificates of its own, unless something else is said', () => {
    expect(tls()).to.deep.equal({ port: 8443, files: undefined });
    expect(tls({ HTTPS_PORT: '9443' })).to.deep.equal({ port: 9443, files: undefined });
    expect(tls({ HTTPS_PORT: '9443' }, '9444')).to.deep.equal({ port: 9444, files: undefined });
    expect(tls({ HTTPS_PORT: 'any' })).to.deep.equal({ port: 0, files: undefined });
    expect(tls({ TLS: '', HTTPS_PORT: '' })).to.deep.equal({ port: 8443, files: undefined });
    writeFileSync(join(home, 'config.json'), JSON.stringify({ httpsPort: 9001, tls: 'auto' }));
    expect(tls()).to.deep.equal({ port: 9001, files: undefined });
    expect(tls({ HTTPS_PORT: '9002' })).to.deep.equal({ port: 9002, files: undefined });
  });

  it('is turned off by the port 0 or by TLS=off, and in the demo', () => {
    expect(tls({ HTTPS_PORT: '0' })).to.equal(undefined);
    expect(tls({}, '0')).to.equal(undefined);
    expect(tls({ TLS: 'off', HTTPS_PORT: '9443' })).to.equal(undefined);
    expect(withoutRealShop(loadConfig({ home }, {})).tls).to.equal(undefined);
    writeFileSync(join(home, 'config.json'), JSON.stringify({ httpsPort: 0 }));
    expect(tls()).to.equal(undefined);
  });

  it('takes a certificate from elsewhere where files are named', () => {
    const named = { cert: files.TLS_CERT_FILE, key: files.TLS_KEY_FILE };
    expect(tls(files)?.files).to.deep.equal(named);
    expect(tls({ ...files, TLS: 'files' })?.files).to.deep.equal(named);
    expect(tls({ ...files, TLS: 'auto' })?.files).to.equal(undefined);
    const settings = { tlsCertFile: named.cert, tlsKeyFile: named.key };
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings));
    expect(tls()?.files).to.deep.equal(named);
  });

  it('is refused with a sentence when it makes no sense', () => {
    const wrong: [env: Record<string, string>, said: RegExp][] = [
      [{ TLS: 'yes' }, /^TLS is "yes"; it must be auto, off or files\.$/],
      [{ TLS: 'files' }, /^TLS is files, but TLS_CERT_FILE and TLS_KEY_FILE do not both name one/],
      [{ TLS_CERT_FILE: '/a' }, /do not both name one/],
      [{ ...files, TLS_KEY_FILE: 'key.pem' }, /^TLS_KEY_FILE is "key\.pem"; it must be a path from the root/],
      ...['-1', '65536', '84.3', 'on'].map((port): [Record<string, string>, RegExp] => [
        { HTTPS_PORT: port },
        /^HTTPS_PORT is "[^"]+"; it must be a number from 1 to 65535/,
      ]),
    ];
    for (const [env, said] of wrong) expect(() => tls(env), JSON.stringify(env)).to.throw(ConfigError, said);
  });
});
