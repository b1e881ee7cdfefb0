import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

describe('the line that tests cut', () => {
  let server: Server;
  let proxy: TcpProxy;

  before(async () => {
    server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startTcpProxy((server.address() as AddressInfo).port);
  });
  after(async () => {
    await proxy.close();
    server.close();
    server.closeAllConnections();
  });

  const ask = async () => (await fetch(proxy.url, { headers: { connection: 'close' } })).text();
  const outcome = (asked: Promise<string>) =>
    Promise.race([
      asked.catch(() => 'broken'),
      new Promise((resolve) => setTimeout(() => resolve('nothing'), 150)),
    ]);

  it('carries, cuts and takes new connections', async () => {
    expect(await ask()).to.equal('here');
    proxy.pause();
    const asked = ask();
    expect(await outcome(asked)).to.equal('nothing');
    proxy.cut();
    expect(await outcome(asked)).to.equal('broken');
    proxy.resume();
    expect(await ask()).to.equal('here');
  });

  it('holds without telling anybody, and lets through later', async () => {
    proxy.pause();
    const asked = ask();
    expect(await outcome(asked)).to.equal('nothing');
    expect(proxy.open()).to.equal(1);
    proxy.resume();
    expect(await asked).to.equal('here');
  });

  it('refuses like a server that is down', async () => {
    proxy.refuse();
    expect(await outcome(ask())).to.equal('broken');
    proxy.accept();
    expect(await ask()).to.equal('here');
  });
});
