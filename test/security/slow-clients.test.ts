import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenProduct, givenShop, saleOf, type TestShop } from '../support/factories.ts';
import { openConnection, type RawConnection } from '../support/raw-http.ts';

/** As the server's own, but short. */
const timeouts = {
  headersMs: 700,
  requestMs: 2_000,
  lookMs: 100,
  keepAliveMs: 500,
  silenceMs: 4_000,
  answerMs: 1_000,
};
/** Of each kind at once. */
const CROWD = 30;
/** For a machine that has more to do; it holds no matter how many are slow. */
const MAX_SALE_MS = 2_000;
const SLACK_MS = 2_500;

const HEAD = 'Host: localhost\r\n';

describe('slow clients', function () {
  this.timeout(120_000);
  let test: TestApp;
  let shop: TestShop;
  let product: { id: string };

  before(async () => {
    test = await startTestApp({ timeouts });
    shop = await givenShop(test, 'SLOW');
    product = await givenProduct(shop);
  });
  after(() => test.close());

  /** Sells all the while; gives how long each sale took. */
  async function amidSales(work: () => Promise<void>): Promise<void> {
    let isOver = false;
    const taken: number[] = [];
    const selling = (async () => {
      while (!isOver) {
        const begun = performance.now();
        const { status } = await shop.cashier.post(`${shop.path}/orders`, saleOf(product));
        expect(status).to.equal(201);
        taken.push(performance.now() - begun);
        await sleep(20);
      }
    })();
    try {
      await work();
    } finally {
      isOver = true;
      await selling;
    }
    taken.sort((a, b) => a - b);
    const [median, worst] = [taken[Math.floor(taken.length / 2)] as number, taken.at(-1) as number];
    console.log(`      ${taken.length} sales, median ${median.toFixed(0)} ms, worst ${worst.toFixed(0)} ms`);
    expect(taken.length).to.be.above(0);
    expect(worst).to.be.below(MAX_SALE_MS);
  }

  const crowd = (said: string) =>
    Promise.all(Array.from({ length: CROWD }, () => openConnection(test.url, said)));

  /** Says on each of them a byte at a time, until the server hangs up. */
  async function dribble(connections: RawConnection[], text: string): Promise<void> {
    for (const letter of text) {
      const open = connections.filter(({ isClosed }) => !isClosed());
      if (open.length === 0) return;
      for (const { socket } of open) socket.write(letter);
      await sleep(50);
    }
  }

  async function expectDropped(connections: RawConnection[], withinMs: number): Promise<void> {
    for (const { closed } of connections) expect(await closed).to.be.below(withinMs + SLACK_MS);
  }

  it('that never finish their headers are told so and dropped', async () => {
    await amidSales(async () => {
      const connections = await crowd(`GET /healthz HTTP/1.1\r\n${HEAD}X-Slow: `);
      await dribble(connections, 'a'.repeat(1_000));
      await expectDropped(connections, timeouts.headersMs);
      for (const { received } of connections) {
        expect(received()).to.match(/^HTTP\/1\.1 408 /);
        expect(received()).to.include('"urn:smoocho:problem:request_timeout"');
      }
    });
  });

  it('that never finish their body are dropped', async () => {
    const head = `POST ${shop.path}/orders HTTP/1.1\r\n${HEAD}Authorization: Bearer ${shop.cashier.token}\r\n`;
    await amidSales(async () => {
      const sized = await crowd(`${head}Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n`);
      const chunked = await crowd(
        `${head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n`,
      );
      await dribble([...sized, ...chunked], `{"notes":"${'a'.repeat(1_000)}`);
      await expectDropped([...sized, ...chunked], timeouts.requestMs);
    });
  });

  it('that say nothing at all, or nothing more, are dropped', async () => {
    await amidSales(async () => {
      const silent = await crowd('');
      const done = await crowd(`GET /healthz HTTP/1.1\r\n${HEAD}\r\n`);
      await expectDropped(silent, timeouts.headersMs);
      // Node keeps a connection a second longer than it says.
      await expectDropped(done, timeouts.keepAliveMs + 1_000);
      for (const { received } of done) expect(received()).to.match(/^HTTP\/1\.1 200 /);
    });
  });

  it('that do not take their answer are dropped', async () => {
    const LARGE = `GET /api/openapi.json HTTP/1.1\r\n${HEAD}\r\n`;
    await amidSales(async () => {
      // More than what the system itself keeps for a connection.
      const connections = await Promise.all(Array.from({ length: 3 }, () => openConnection(test.url)));
      for (const { socket } of connections) {
        socket.pause();
        socket.write(LARGE.repeat(25));
      }
      await sleep(timeouts.answerMs + SLACK_MS);
      // Who doesn't read doesn't see the end either: some of what was sent comes first.
      for (const { socket, closed, received } of connections) {
        socket.resume();
        await closed;
        expect(received().split('HTTP/1.1 200 OK').length).to.be.below(25);
      }
    });
  });

  it('that take their time within bounds are served', async () => {
    const text = JSON.stringify(saleOf(product));
    const head = `POST ${shop.path}/orders HTTP/1.1\r\n${HEAD}Authorization: Bearer ${shop.cashier.token}\r\n`;
    const connection = await openConnection(
      test.url,
      `${head}Content-Type: application/json\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n`,
    );
    for (let at = 0; at < text.length; at += 40) {
      connection.socket.write(text.slice(at, at + 40));
      await sleep(20);
    }
    await connection.closed;
    expect(connection.received()).to.match(/^HTTP\/1\.1 201 /);
  });
});
