import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { type App, createApp } from '../../src/app.ts';
import { lanAddresses } from '../../src/cli/lan-addresses.ts';
import { drawQr } from '../../src/cli/output/qr.ts';
import { loadConfig } from '../../src/config.ts';
import { pairDevice } from '../../src/core/devices/pair-device.ts';
import { initOptions, startCli } from '../support/cli.ts';
import { READY } from '../support/command-home.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { ask } from '../support/raw-http.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';
import { warmCommands } from '../support/warm-commands.ts';

describe('smoocho device', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
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
    expect(given).to.have.all.keys('url', 'urls', 'code', 'name', 'expiresAt', 'qr');
    expect(given).to.deep.include({
      url: 'https://pos.example.com/shop',
      name: 'Bar',
      qr: `https://pos.example.com/shop/pair#${given.code}`,
      urls: ['https://pos.example.com/shop'],
    });
    const [lan] = lanAddresses({ host: '0.0.0.0' });
    const own = await run('pair', '--name=Bar', '--json');
    expect(own.json().url).to.equal(`http://${lan ?? 'localhost'}:8123`);
    expect(own.stderr).to.include('No server runs now.');
    const wrong = await run('pair', '--name=Bar', '--url=pos.example.com');
    expect([wrong.code, wrong.stderr]).to.deep.equal([
      2,
      '--url is not an address like http://192.168.1.20:8080.\n',
    ]);
  });

  it('leads to the server that runs, whatever the settings of the command are', async () => {
    const https = { TLS: 'auto', HTTPS_PORT: 'any' };
    const server = await startCli(['--port=0', '--host=0.0.0.0', '--json'], { ...env, ...https }, READY);
    try {
      const { port, urls } = JSON.parse(/^\{$.*?^\}$/ms.exec(server.output())?.[0] ?? '');
      expect(port).to.not.equal(8123);
      const lan = lanAddresses({ host: '0.0.0.0' });
      expect(urls).to.deep.equal(lan.map((address) => `http://${address}:${port}`));
      const given = await run('pair', '--name=Bar', '--json');
      expect(given.stderr).to.equal('');
      const url = urls[0] ?? `http://localhost:${port}`;
      expect(given.json()).to.deep.include({ url, qr: `${url}/pair#${given.json().code}` });
      // What the phone opens: the page for it, which leads through /ca to HTTPS.
      const page = await ask(`http://127.0.0.1:${port}`, '/pair');
      expect([page.status, page.text.includes('href="/ca"')]).to.deep.equal([200, true]);
    } finally {
      expect(await server.stop()).to.equal(0);
    }
    expect(existsSync(join(home, 'server.json'))).to.equal(false);
  });

  it('finds its server by a QR code that start draws on a terminal', async function () {
    requireTerminal(this);
    const [lan] = lanAddresses({ host: '0.0.0.0' });
    const terminal = onTerminal(['start', '--port=0', '--host=0.0.0.0'], env);
    await terminal.shows('Stop it with Ctrl-C.');
    const port = /http:\/\/localhost:(\d+)/.exec(terminal.output())?.[1];
    terminal.type('\x03');
    expect(await terminal.ends()).to.equal(0);
    const square = stripVTControlCharacters(drawQr(`http://${lan}:${port}`));
    expect(terminal.output().includes(square)).to.equal(lan !== undefined);
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
    const revoked = await run('revoke', 'counter');
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

    await givenDevice('Hatch');
    const other = await givenDevice('hatch');
    for (let times = 0; times < 2; times += 1)
      expect((await run('revoke', 'Hatch')).stdout).to.match(/^Hatch is revoked/);
    const stays = (await run('list', '--json')).json().find(({ id }: { id: string }) => id === other.id);
    expect(stays.revokedAt).to.equal(null);

    const none = await run('revoke', 'nobody');
    expect([none.code, none.stderr]).to.deep.equal([1, 'There is no device called nobody.\n']);
  });
});
