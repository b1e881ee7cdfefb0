import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { type App, createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { pairDevice } from '../../src/core/devices/pair-device.ts';
import { initOptions, smoocho } from '../support/cli.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('smoocho device', function () {
  this.timeout(120_000);
  let home: string;
  let database: TestDatabase;
  let env: Record<string, string>;

  before(async () => {
    home = tempFolder();
    database = await testDatabase({ migrated: false });
    env = {
      SMOOCHO_HOME: home,
      DATABASE_URL: database.url,
      LOG_LEVEL: 'silent',
      PORT: '8123',
      HOST: '0.0.0.0',
    };
    await smoocho(['init', ...initOptions(home)], env);
  });
  after(async () => {
    await database.drop();
    removeFolder(home);
  });

  const run = (command: string, ...args: string[]) =>
    smoocho(['device', command, '--shop=KULF', ...args], env);

  async function withApp<T>(work: (app: App) => Promise<T>): Promise<T> {
    const app = await createApp(loadConfig({ home }, env));
    return await work(app).finally(() => app.close());
  }
  const givenDevice = async (name: string) => {
    const { code } = (await run('pair', `--name=${name}`, '--json')).json();
    const { device } = await withApp((app) =>
      pairDevice({ app, em: app.orm.em.fork() }, '10.0.0.1', { code: code.replace('-', '') }),
    );
    return device;
  };

  it('pairs a till by a code that is to be read and to be scanned', async () => {
    const { stdout, code } = await run('pair', '--name=Till 2', '--url=http://192.168.1.20:8080/');
    expect(code).to.equal(0);
    const text =
      /Till 2 of Kulfi Corner \(KULF\)[\s\S]* {2}address {2}http:\/\/192\.168\.1\.20:8080\n {2}code {5}(?<code>\S+)\n/;
    const shown = text.exec(stdout)?.groups?.code as string;
    expect(shown).to.match(/^\w{4}-\w{4}$/);
    expect(stdout).to.match(/\n\nIt pairs one device, until \d\d:\d\d \(Asia\/Kolkata\)\.\n$/);
    const square = stdout.split('\n').filter((line) => /^[█▀▄ ]{20,}$/.test(line));
    // Two rows a line; 25 modules and more, with two light ones on either side.
    expect(new Set(square.map((line) => line.length)).size).to.equal(1);
    expect(square.length).to.equal(Math.ceil((square[0] as string).length / 2));
    expect(square[0]).to.match(/^█+$/);
    expect(stdout).to.not.include('\x1b');

    const { device } = await withApp((app) =>
      pairDevice({ app, em: app.orm.em.fork() }, '10.0.0.1', { code: shown.replace('-', '') }),
    );
    expect([device.name, device.pairedBy]).to.deep.equal(['Till 2', null]);
  });

  it('says to programs what the square holds', async () => {
    const given = (await run('pair', '--name=Bar', '--url=https://pos.example.com/shop', '--json')).json();
    expect(given).to.have.all.keys('url', 'code', 'name', 'expiresAt', 'qr');
    expect(given).to.include({
      url: 'https://pos.example.com/shop',
      name: 'Bar',
      qr: `https://pos.example.com/shop/api/devices/pair#${given.code}`,
    });
    const lan = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal);
    const own = (await run('pair', '--name=Bar', '--json')).json();
    expect(own.url).to.equal(`http://${lan?.address ?? 'localhost'}:8123`);
    const wrong = await run('pair', '--name=Bar', '--url=pos.example.com');
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      '--url is not an address like http://192.168.1.20:8080.\n',
    ]);
  });

  it('lists, renames and revokes by id or by name', async () => {
    const [first, second] = [await givenDevice('Counter'), await givenDevice('Counter')];
    const listed = (await run('list', '--json')).json();
    expect(listed[0]).to.include({ id: second.id, name: 'Counter', series: null, revokedAt: null });

    const several = await run('revoke', 'Counter');
    expect(several.code).to.equal(2);
    expect(several.stderr).to.include(first.id).and.include(second.id);
    const renamed = await run('rename', first.id, '--name=Terrace');
    expect(renamed.stdout).to.equal('Counter of Kulfi Corner is called Terrace now.\n');
    const revoked = await run('revoke', 'Counter');
    expect(revoked.stdout).to.equal(
      'Counter is revoked: whoever was signed in on it is signed out of Kulfi Corner.\n',
    );
    const again = await run('revoke', second.id, '--json');
    expect(again.json().revokedAt).to.be.a('string');
    const rows = (await run('list')).stdout.replace(/ +/g, ' ').split('\n');
    expect(rows[0]).to.equal('name series paired last seen revoked id');
    const clock = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d';
    expect(rows[1]).to.match(new RegExp(`^Counter ${clock} ${clock} ${clock} ${second.id}$`));
    expect(rows[2]).to.match(new RegExp(`^Terrace ${clock} ${clock} ${first.id}$`));

    const none = await run('revoke', 'nobody');
    expect([none.code, none.stderr]).to.deep.equal([1, 'There is no device called nobody.\n']);
  });
});
