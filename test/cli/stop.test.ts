import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type pg from 'pg';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf } from '../support/client.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { saleOf } from '../support/factories.ts';
import { openConnection } from '../support/raw-http.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** What runs has five seconds; the rest is for the connections to the database and the end of the process. */
const STOPPED_MS = 9_000;
/** Where nothing runs. */
const QUICK_MS = 4_000;
const ENGINE = '/socket.io/?EIO=4&transport=websocket';

describe('smoocho start that is told to stop', function () {
  this.timeout(120_000);
  const home = tempFolder();
  let database: TestDatabase;
  let db: pg.Client;
  let server: Server;
  let url: string;
  let secureUrl: string;
  let owner: Client;
  let orders: string;
  let product: { id: string };

  const env = () => ({ SMOOCHO_HOME: home, DATABASE_URL: database.url, TLS: 'auto', HTTPS_PORT: 'any' });
  const start = async () => {
    const level = { LOG_LEVEL: 'warn' };
    server = await startCli(['--port=0', '--host=127.0.0.1', '--json'], { ...env(), ...level }, /^}\n/m);
    // Warnings are lines beside it.
    const [greeting] = /^{\n.*?^}\n/ms.exec(server.output()) as RegExpExecArray;
    const said = JSON.parse(greeting);
    [url, secureUrl] = [said.url, said.https.url];
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { body } = await clientOf(url).post('/api/auth/login', login);
    owner = clientOf(url, body.accessToken);
    orders = `/api/shops/${body.shops[0].id}/orders`;
  };
  /** Says SIGTERM; how it ended, and after how many milliseconds. */
  const stop = async () => {
    const begun = performance.now();
    const code = await server.stop();
    return { code, ms: performance.now() - begun };
  };

  before(async () => {
    database = await testDatabase();
    db = await database.connect();
    const { code, stderr } = await smoocho(['init', ...initOptions(home)], env());
    expect(code, stderr).to.equal(0);
    await start();
    const products = orders.replace('orders', 'products');
    product = (await owner.post(products, { name: 'Tea', price: '1.00' })).body;
  });
  after(async () => {
    if (server?.child.exitCode === null) server.child.kill('SIGKILL');
    await database?.drop();
    removeFolder(home);
  });

  const head = (token: string | null, length: number) =>
    `POST ${orders} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  /** Sends an order whose statement waits for a lock, and gives the connection once it waits. */
  const sellBehindLock = async () => {
    await db.query('BEGIN; LOCK TABLE orders');
    const body = JSON.stringify(saleOf(product));
    const till = await openConnection(url, head(owner.token, Buffer.byteLength(body)) + body);
    const WAITING =
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    while ((await db.query(WAITING)).rowCount === 0);
    return till;
  };
  const openSocket = async (secure: boolean): Promise<TLSSocket> => {
    const { port } = new URL(secure ? secureUrl : url);
    const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    socket.write(
      `GET ${ENGINE} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    // It takes what comes and answers nothing, not even a farewell.
    const [first] = await once(socket, 'data');
    expect(String(first)).to.match(/^HTTP\/1\.1 101/);
    return socket;
  };

  it('ends at once where nothing runs, whoever is connected and whoever hung up', async () => {
    const agent = new Agent({ keepAlive: true });
    const idle = request(`${url}/healthz`, { agent }).end();
    const [response] = await once(idle, 'response');
    response.resume();
    await once(response, 'end');
    const half = await openConnection(url, 'GET /healthz HTTP/1.1\r\nHost: loc');
    const handshaking = await openConnection(secureUrl.replace('https', 'http'), '\x16\x03\x01\x02');
    const quiet = await openConnection(secureUrl.replace('https', 'http'));
    const socket = await openSocket(true);
    const gone = await sellBehindLock();
    gone.socket.destroy();
    await gone.closed;
    await db.query('COMMIT');
    // The answer is made after its client is gone.
    await owner.get(orders);
    const { code, ms } = await stop();
    console.log(`      stopped after ${(ms / 1000).toFixed(1)} s`);
    expect(code).to.equal(0);
    expect(ms).to.be.below(QUICK_MS);
    for (const each of [half, handshaking, quiet]) await each.closed;
    socket.destroy();
    agent.destroy();
  });

  it('finishes what runs, tells it to connect anew, takes nothing else, and waits for nobody longer than five seconds', async () => {
    await start();
    const till = await sellBehindLock();
    const idle = await openConnection(url, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle.socket, 'data');
    const ABANDONED =
      'SELECT sessions_abandoned::int AS n FROM pg_stat_database WHERE datname = current_database()';
    const abandoned = async () => (await db.query(ABANDONED)).rows[0].n;
    const before = await abandoned();
    // Its body never comes.
    const endless = await openConnection(url, head(owner.token, 1_000));
    const begun = performance.now();
    // Until all that it printed is read.
    const ended = once(server.child, 'close');
    server.child.kill('SIGTERM');
    await idle.closed;
    const refused = await fetch(`${url}/healthz`).catch((error) => error.cause.code);
    // Reset where the kernel had taken the connection before the program stopped listening.
    expect(refused, 'taken while it stops').to.be.oneOf(['ECONNREFUSED', 'ECONNRESET']);
    await db.query('COMMIT');
    await till.closed;
    expect(till.received()).to.match(/^HTTP\/1\.1 201 .*^Connection: close/ms);
    await endless.closed;
    const [code] = await ended;
    const ms = performance.now() - begun;
    console.log(`      stopped after ${(ms / 1000).toFixed(1)} s`);
    expect(code).to.equal(0);
    expect(ms).to.be.within(4_500, STOPPED_MS);
    const OTHERS =
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
    while ((await db.query(OTHERS)).rowCount !== 0);
    expect(
      (await abandoned()) - before,
      'connections that were broken, though the database answers',
    ).to.equal(0);
    expect(server.output()).not.to.include('not sealed');
  });
});
