import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { readCallers } from '../../src/server/edge/callers.ts';
import { httpMaker, usualTimeouts } from '../../src/server/http.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask, openConnection, say } from '../support/raw-http.ts';

const HEAD = 'Host: localhost\r\n';

describe('connections and their answers', function () {
  this.timeout(120_000);
  const timeouts = { headersMs: 1_000, requestMs: 1_500, lookMs: 100, answerMs: 1_000 };
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ timeouts });
  });
  after(() => test.close());

  it('are cut when an answer is taken by drips', async () => {
    const asked = 60;
    const connection = await openConnection(test.url);
    const { socket, received, closed } = connection;
    socket.pause();
    socket.write(`GET /api/openapi.json HTTP/1.1\r\n${HEAD}\r\n`.repeat(asked));
    for (const begun = performance.now(); performance.now() - begun < timeouts.answerMs * 4; ) {
      socket.resume();
      await Promise.race([once(socket, 'data'), closed]);
      socket.pause();
      await sleep(100);
    }
    // What the system kept for it comes before the end.
    socket.resume();
    await closed;
    expect(received().split('HTTP/1.1 200 OK').length - 1).to.be.below(asked);
  });

  it('have longer for a request than a till waits for the answer to its largest', () => {
    const batchMs = 6 * 10_000;
    expect(usualTimeouts.requestMs).to.be.at.least(batchMs * 1.5);
  });

  it('give nobody the answer to what was said after their request', async () => {
    for (const path of ['/readyz', '/api/openapi.json', '/api/shops']) {
      const { status, code } = await say(test.url, `GET ${path} HTTP/1.1\r\n${HEAD}\r\nrubbish\r\n\r\n`);
      expect([status, code], path).to.not.deep.equal([400, 'bad_request']);
    }
    const post = `POST /api/auth/login HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const after = await say(test.url, `GET /readyz HTTP/1.1\r\n${HEAD}\r\n${post}rubbish\r\n`);
    expect([after.status, after.code]).to.not.deep.equal([400, 'bad_request']);
  });

  it('say what is wrong with a body that can not be read, or does not come', async () => {
    const post = `POST /api/auth/login HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await say(test.url, `${post}rubbish\r\n`)).to.include({ status: 400, code: 'bad_request' });
    expect(await say(test.url, `${post}5\r\n{`)).to.include({ status: 408, code: 'request_timeout' });
  });
});

describe('an address', function () {
  this.timeout(120_000);
  let test: TestApp;

  before(async () => {
    test = await startTestApp({ env: { CONNECTIONS_PER_ADDRESS: '3' } });
  });
  after(() => test.close());

  it('of IPv6 shares its connections with its whole network, of which anybody has as many as they like', async () => {
    const addresses = ['2001:db8::1', '2001:db8::2', '2001:db8::3', '2001:db8::4', '2001:db8:0:1::1'];
    let next = 0;
    const callers = { ...readCallers([]), addressOf: () => addresses[next++] as string };
    const http = httpMaker(test.app, callers, usualTimeouts)().listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const open = [];
    for (const _ of addresses) {
      const connection = await openConnection(url);
      await sleep(50);
      open.push(connection);
    }
    expect(open.map(({ isClosed }) => isClosed())).to.deep.equal([false, false, false, true, false]);
    for (const { socket } of open) socket.destroy();
    http.close();
  });

  it('that says for whom it asks, and is no proxy that is named, is named in the log once', async () => {
    const { log } = test.app;
    const { warn } = log;
    const said: unknown[] = [];
    log.warn = ((fields: { address?: string }, text: string) => {
      if (text.includes('X-Forwarded-For')) said.push(fields.address);
    }) as typeof warn;
    try {
      for (let n = 0; n < 3; n += 1) await ask(test.url, '/healthz', { 'x-forwarded-for': '203.0.113.9' });
    } finally {
      log.warn = warn;
    }
    expect(said).to.deep.equal(['127.0.0.1']);
  });
});

describe('a watchdog', () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp();
  });
  after(() => test.close());

  it('needs to say no name in HTTP/1.0, and nobody else does without', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect((await say(test.url, `GET ${path} HTTP/1.0\r\n\r\n`)).status, path).to.equal(200);
      expect((await say(test.url, `GET ${path} HTTP/1.0\r\nHost: evil.example\r\n\r\n`)).status).to.equal(
        421,
      );
    }
    for (const head of ['GET /api/shops HTTP/1.0', 'GET /healthz HTTP/1.1']) {
      const { status } = await say(test.url, `${head}\r\nConnection: close\r\n\r\n`);
      expect(status, head).to.equal(400);
    }
  });

  it('costs the database one look a second, however many ask', async () => {
    const { orm } = test.app;
    const { isConnected } = orm;
    let looks = 0;
    orm.isConnected = () => {
      looks += 1;
      return isConnected.call(orm);
    };
    const began = performance.now();
    for (let n = 0; n < 20; n += 1) expect((await ask(test.url, '/readyz')).status).to.equal(200);
    orm.isConnected = isConnected;
    expect(looks).to.be.within(0, 1 + Math.ceil((performance.now() - began) / 1_000));
  });
});
