import { once } from 'node:events';
import { expect } from 'chai';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** systemd kills after 90 s, `docker stop` after 30 as the compose file has it: half of that. */
const STOPPED_MS = 15_000;

describe('a server whose database says nothing any more', function () {
  this.timeout(120_000);
  let database: TestDatabase;
  let proxy: TcpProxy;
  let server: Server;
  const home = tempFolder();

  before(async () => {
    database = await testDatabase();
    proxy = await startTcpProxy(database.url);
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const env = { SMOOCHO_HOME: home, DATABASE_URL: url.href };
    const { code, stderr } = await smoocho(['init', ...initOptions(home)], env);
    expect(code, stderr).to.equal(0);
    server = await startCli(['--port=0', '--host=127.0.0.1'], env, 'Stop it with Ctrl-C.');
  });
  after(async () => {
    if (server?.child.exitCode === null) server.child.kill('SIGKILL');
    await proxy?.close();
    await database?.drop();
    removeFolder(home);
  });

  // As when the machine of PostgreSQL lost its power: nobody says that the connections are gone.
  it('stops all the same, well before it would be killed', async () => {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.output())?.[0] as string;
    const login = { email: 'asha@example.com', password: PASSWORD };
    expect((await clientOf(url).post('/api/auth/login', login)).status).to.equal(200);
    proxy.pause();
    const begun = performance.now();
    server.child.kill('SIGTERM');
    const late = setTimeout(() => server.child.kill('SIGKILL'), STOPPED_MS);
    const [code, signal] = await once(server.child, 'exit');
    clearTimeout(late);
    console.log(`      stopped after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    expect([code, signal]).to.deep.equal([0, null]);
  });
});
