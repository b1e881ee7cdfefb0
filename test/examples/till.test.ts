import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { eventsOf, givenProduct, givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const example = fileURLToPath(new URL('../../examples/till.ts', import.meta.url));

describe('examples/till.ts', () => {
  let test: TestApp;
  let shop: TestShop;
  let line: TcpProxy;
  let folder: string;
  let child: ChildProcessByStdio<Writable, Readable, Readable>;
  let output: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'KULF');
    line = await startTcpProxy(test.url);
    folder = tempFolder();
  });
  afterEach(() => {
    child?.kill('SIGKILL');
  });
  after(async () => {
    await line.close();
    await test.close();
    removeFolder(folder);
  });

  function start(...args: string[]): void {
    output = '';
    const all = [example, line.url, shop.emails.cashier, PASSWORD, ...args];
    child = spawn(process.execPath, all, { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
  }

  /** Waits for something that it said, and is not asked for again. */
  async function says(what: RegExp): Promise<string> {
    for (const begin = Date.now(); Date.now() - begin < 15_000; ) {
      const match = what.exec(output);
      if (match) {
        output = output.replace(match[0], '');
        return match[0];
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`It did not say ${what}: ${output}`);
  }

  it('sells, shows the feed, survives a lost line and a restart', async () => {
    // In coins of 1.
    await shop.manager.put(`${shop.path}/settings`, { rounding: { to: '1', when: 'cash' } });
    await givenProduct(shop, { name: 'Kulfi', price: '40.00' });
    const { body } = await shop.manager.post(`${shop.path}/devices`, { name: 'Counter' });
    start(body.code);
    await says(/menu: Kulfi/);
    child.stdin.write('kulfi\n');
    await says(/sold: KULF\/\d+\/000001, 40\.00/);
    await says(/order KULF\/\d+\/000001, 40\.00/);
    await givenProduct(shop, { name: 'Falooda', price: '80.40' });
    await says(/menu: .*Falooda/);

    line.refuse();
    await says(/feed: waiting/);
    for (const name of ['Kulfi', 'Falooda']) child.stdin.write(`${name}\n`);
    const first = await says(/sold offline: KULF-A\/\d+\/0*1\n/);
    await says(/sold offline: KULF-A\/\d+\/0*2\n/);
    line.accept();
    await says(/sent later: KULF-A\/\d+\/0*1, 40\.00/);
    await says(/sent later: KULF-A\/\d+\/0*2, 80\.00/);

    line.refuse();
    child.stdin.write('Kulfi\n');
    await says(/sold offline: KULF-A\/\d+\/0*3\n/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    line.accept();
    start();
    await says(/sent later: KULF-A\/\d+\/0*3/);
    await says(/menu: .*Falooda/);
    child.stdin.end('Lassi\n');
    await says(/There is no Lassi\./);
    const [code] = await once(child, 'exit');
    expect(code).to.equal(0);

    const orders = await eventsOf(test, shop.id, 'order_created');
    expect(orders.map(({ data }) => data.total)).to.deep.equal(['40.00', '40.00', '80.00', '40.00']);
    expect(orders[1]?.data.orderNumber).to.equal(first.replace('sold offline: ', '').trim());
  });
});
