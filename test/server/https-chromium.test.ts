import { readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { openRefusals } from '../../src/core/audit/refusals.ts';
import { openEdge } from '../../src/server/edge/edge.ts';
import { openFeed } from '../../src/server/feed/sockets.ts';
import { httpMaker, type ServerKeys, usualTimeouts } from '../../src/server/http.ts';
import { listen } from '../../src/server/listen.ts';
import { createKoa } from '../../src/server/server.ts';
import { authorityFile, parseAuthority } from '../../src/tls/authority.ts';
import { makeLeaf } from '../../src/tls/make-certificates.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Chromium, openChromium, requireChromium } from '../support/chromium.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

/** The shop's server as a tablet knows it, and what it is not made for. */
const NAME = 'kasse.local';
const FOREIGN = 'bank.example';
const PATIENCE_MS = 30_000;

const WORKER = `
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  if (new URL(event.request.url).pathname === '/from-worker') event.respondWith(new Response('from the worker'));
});`;

/** What a till would do, told to the server that it came from. */
const page = (
  auth: object,
) => `<!doctype html><title>proof</title><script src="/socket.io.js"></script><script type="module">
const found = { isSecureContext, hasSubtle: 'subtle' in crypto, hasLocks: 'locks' in navigator };
try {
  const controlled = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
  await navigator.serviceWorker.register('/worker.js');
  if (!navigator.serviceWorker.controller) await controlled;
  found.worker = await (await fetch('/from-worker')).text();
} catch (error) {
  found.worker = 'none: ' + error.name;
}
const socket = io({ transports: ['websocket'], auth: ${JSON.stringify(auth)} });
found.feed = await new Promise((resolve) => {
  socket.once('connect', () => resolve(socket.io.engine.transport.name));
  socket.once('connect_error', (error) => resolve(error.message));
});
await fetch('/found', { method: 'POST', body: JSON.stringify(found) });
</script>`;

const CLIENT = readFileSync(
  new URL('../../node_modules/socket.io-client/dist/socket.io.min.js', import.meta.url),
  'utf8',
);

describe('a browser on a tablet', function () {
  this.timeout(2 * PATIENCE_MS);
  let folder: string;
  let test: TestApp;
  let shop: TestShop;
  let chromium: Chromium;
  let found: (value: unknown) => void = () => {};
  const closing: (() => Promise<void>)[] = [];

  before(async function () {
    const program = requireChromium(this);
    folder = tempFolder();
    test = await startTestApp({ https: { findNames: () => ({ dns: [NAME], addresses: ['127.0.0.1'] }) } });
    shop = await givenShop(test, 'TABL');
    chromium = openChromium(program, folder, [NAME, FOREIGN]);
  });
  afterEach(() => chromium?.close());
  after(async () => {
    for (const close of closing) await close();
    await test?.close();
    if (folder) removeFolder(folder);
  });

  /** The server with pages of a till beside its API, as a till would be served; gives its port. */
  async function serve(keys?: ServerKeys): Promise<number> {
    const refusals = openRefusals(test.app);
    const feed = openFeed(test.app, refusals);
    const edge = openEdge({
      config: { ...test.app.config, edge: { ...test.app.config.edge, allowedHosts: [NAME] } },
    });
    const server: Server = httpMaker(test.app, edge.callers, usualTimeouts)(keys);
    feed.attach([server], edge);
    const handle = createKoa(test.app, { feed, refusals, edge }).callback();
    const auth = { token: shop.cashier.token, shopId: shop.id };
    const pages: Record<string, [type: string, text: string]> = {
      '/till': ['text/html', page(auth)],
      '/worker.js': ['text/javascript', WORKER],
      '/socket.io.js': ['text/javascript', CLIENT],
    };
    server.on('request', async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/found') {
        let body = '';
        for await (const chunk of request.setEncoding('utf8')) body += chunk;
        response.end();
        return found(JSON.parse(body));
      }
      const [type, text] = pages[request.url ?? ''] ?? [];
      if (type === undefined) return void handle(request, response);
      response.setHeader('content-type', type).end(text);
    });
    await listen(server, { port: 0, host: '127.0.0.1' });
    closing.push(async () => {
      await feed.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await refusals.close();
    });
    return (server.address() as AddressInfo).port;
  }

  /** Opens the till there and gives what it found. */
  async function openTill(origin: string): Promise<unknown> {
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error(`Nothing was found within ${PATIENCE_MS} ms.`)), PATIENCE_MS).unref();
    });
    const told = new Promise((resolve) => {
      found = resolve;
    });
    chromium.open(`${origin}/till`);
    return await Promise.race([told, late]);
  }

  it('has no secure context over HTTP, and no server over HTTPS before it trusts the root', async () => {
    const plain = await serve();
    expect(await openTill(`http://${NAME}:${plain}`)).to.deep.equal({
      isSecureContext: false,
      hasSubtle: false,
      hasLocks: false,
      worker: 'none: TypeError',
      feed: 'websocket',
    });
    await chromium.close();
    const secure = await serve(test.certificates?.current());
    expect(await chromium.show(`https://${NAME}:${secure}/healthz`)).to.equal(
      'net::ERR_CERT_AUTHORITY_INVALID',
    );
  });

  it('has a secure context, a service worker and the live feed once it does, by name and by address', async () => {
    chromium.trust(test.certificates?.authority?.pem as string);
    const port = await serve(test.certificates?.current());
    for (const host of [NAME, '127.0.0.1']) {
      expect(await openTill(`https://${host}:${port}`), host).to.deep.equal({
        isSecureContext: true,
        hasSubtle: true,
        hasLocks: true,
        worker: 'from the worker',
        feed: 'websocket',
      });
      await chromium.close();
    }
    // The page that it is sent to says so, with its style.
    expect(await chromium.show(`${test.secureUrl}/ca`)).to.include('You read this over HTTPS');
  });

  it('takes no other site under that root, whoever has its key', async () => {
    const authority = parseAuthority(readFileSync(authorityFile(test.home), 'utf8'));
    if (!authority) throw new Error('There is no authority.');
    const forged = await makeLeaf(authority, { dns: [FOREIGN], addresses: [] }, new Date());
    const port = await serve(forged);
    expect(await chromium.show(`https://${FOREIGN}:${port}/healthz`)).to.equal('net::ERR_CERT_INVALID');
  });
});
