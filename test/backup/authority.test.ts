import { chmodSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { restoreAuthority } from '../../src/backup/authority.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { authorityFile } from '../../src/tls/authority.ts';
import { makeAuthority } from '../../src/tls/make-certificates.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop } from '../support/factories.ts';
import { type Box, backUp, besides, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';

describe('the certificate authority in a backup', () => {
  let test: TestApp;
  let source: Box;
  const boxes: Box[] = [];

  before(async () => {
    test = await startTestApp({ https: {} });
    await givenShop(test, 'CERT');
    source = { home: test.home, database: test.database, config: test.app.config };
  });
  after(async () => {
    await test.close();
    for (const { database, home } of boxes) {
      await database.drop();
      removeFolder(home);
    }
  });

  const authorityIn = (home: string) => readFileSync(authorityFile(home), 'utf8').trim();
  const freshBox = async () => {
    const box = await newBox();
    boxes.push(box);
    return box;
  };
  const identities = async () => [(await boxKey(test.home)).identity];

  it('is in an encrypted one, and devices trust the machine that it is restored on', async () => {
    const { file } = await backUp(source);
    const box = await freshBox();
    const restored = await restoreOn(box, file, { identities: await identities() });
    expect(restored?.authority).to.equal('restored');
    expect(authorityIn(box.home)).to.equal(authorityIn(test.home));
    expect(statSync(authorityFile(box.home)).mode & 0o777).to.equal(0o600);
    expect(await besides(box)).to.deep.equal([]);
    // What a server starts with there is another certificate of the same root.
    const again = await startTestApp({
      https: {},
      beside: { ...test, database: box.database, home: box.home } as TestApp,
    });
    expect(again.certificates?.authority).to.deep.equal(test.certificates?.authority);
    expect(again.certificates?.current().certificate).to.not.equal(test.certificates?.current().certificate);
    await again.close();
  });

  it('is in no plain one', async () => {
    const { file } = await backUp(source, { isPlain: true });
    const { manifest, secrets } = await readBack(file, []);
    expect([manifest?.hasSecrets, secrets]).to.deep.equal([false, null]);
  });

  it('replaces none that a machine has, which is said', async () => {
    const { file } = await backUp(source);
    const { secrets } = await readBack(file, await identities());
    expect(restoreAuthority(test.home, secrets)).to.equal('same');
    const box = await freshBox();
    const other = await startTestApp({ https: {}, home: box.home });
    await other.close();
    const own = authorityIn(box.home);
    expect(restoreAuthority(box.home, secrets)).to.equal('kept');
    expect(authorityIn(box.home)).to.equal(own);
  });

  it('is left out where there is none, or its file is refused, and the backup is made', async () => {
    const path = authorityFile(test.home);
    const text = readFileSync(path, 'utf8');
    chmodSync(path, 0o644);
    const loose = await backUp(source);
    chmodSync(path, 0o600);
    expect((await readBack(loose.file, await identities())).secrets?.tlsAuthority).to.equal(null);
    expect(text).to.include('CERTIFICATE');
  });

  it('is not taken from an archive that somebody made for the shop when it could vouch for any site', async () => {
    const box = await freshBox();
    const { certificate, key } = await makeAuthority([], new Date());
    for (const tlsAuthority of [certificate + key, 'rubbish', '', certificate, null])
      expect(restoreAuthority(box.home, { masterKey: null, tlsAuthority })).to.equal(null);
    expect(existsSync(authorityFile(box.home))).to.equal(false);
    rmSync(box.home, { recursive: true });
  });
});
