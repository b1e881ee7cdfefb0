import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { usualTimeouts } from '../../src/server/http.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openConnection, say } from '../support/raw-http.ts';

const HEAD = 'Host: localhost\r\n';

describe('connections and their answers', function () {
  this.timeout(30_000);
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
