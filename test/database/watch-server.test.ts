import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { withCopyClient } from '../../src/backup/database/copy-client.ts';
import { DatabaseUnreachableError } from '../../src/database/errors.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const QUICK = { everyMs: 100, answerMs: 500, misses: 2 };

describe('a connection that a long statement waits on', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;

  before(async () => {
    database = await testDatabase({ migrated: false });
    proxy = await startTcpProxy(database.url);
  });
  after(async () => {
    await proxy.close();
    await database.drop();
  });

  const url = () => {
    const through = new URL(database.url);
    through.port = String(proxy.port);
    return through.href;
  };
  async function errorOf(work: Promise<unknown>): Promise<Error> {
    const error = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  }

  it('is kept for as long as its server answers others', async () => {
    const rows = await withCopyClient(url(), (client) => client.query('SELECT pg_sleep(1.5)'), QUICK);
    expect(rows.rowCount).to.equal(1);
  });

  it('is kept when a file of the address is replaced meanwhile', async () => {
    const caFile = join(tempFolder(), 'ca.pem');
    writeFileSync(caFile, '');
    const withFile = new URL(url());
    withFile.searchParams.set('sslrootcert', caFile);
    try {
      const rows = await withCopyClient(
        withFile.href,
        async (client) => {
          rmSync(caFile);
          return await client.query('SELECT pg_sleep(1.5)');
        },
        QUICK,
      );
      expect(rows.rowCount).to.equal(1);
    } finally {
      removeFolder(dirname(caFile));
    }
  });

  it('is given up once the server answers nobody any more, whatever it waits for', async () => {
    const work = withCopyClient(
      url(),
      async (client) => {
        proxy.pause();
        await client.query('SELECT 1');
      },
      QUICK,
    );
    const error = await errorOf(work).finally(() => proxy.resume());
    expect(error).to.be.instanceOf(DatabaseUnreachableError);
    expect(error.message).to.include('answers nobody any more').and.include('See whether it runs');
  });

  it('that is cut is told in the same words, and one that the server ends, too', async () => {
    const cut = await errorOf(
      withCopyClient(url(), async (client) => {
        const slept = client.query('SELECT pg_sleep(20)');
        proxy.cut();
        await slept;
      }),
    );
    const ended = await errorOf(
      withCopyClient(url(), (client) => client.query('SELECT pg_terminate_backend(pg_backend_pid())')),
    );
    for (const error of [cut, ended]) {
      expect(error).to.be.instanceOf(DatabaseUnreachableError);
      expect(error.message).to.match(
        /^The connection to the database at 127\.0\.0\.1:\d+ broke \(.+\)\. See/,
      );
    }
  });

  it('leaves errors of others what they are', async () => {
    const other = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' });
    expect(await errorOf(withCopyClient(url(), () => Promise.reject(other)))).to.equal(other);
  });
});
