import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';

describe('what a watchdog asks', () => {
  let test: TestApp;

  before(async () => {
    test = await startTestApp();
  });
  after(() => test.close());

  it('is answered by a server that nobody used yet', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await fetch(`${test.url}${path}`);
      expect(answer.status, path).to.equal(200);
    }
  });
});
