import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/raw-http.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': KEY,
};
const FEED = '/socket.io/?EIO=4&transport=';
const PER_SECOND = 10;
/** Half of ten seconds' worth, as connections are counted. */
const QUOTA = PER_SECOND * 5;

describe('the door of the live feed', function () {
  this.timeout(120_000);
  let test: TestApp;

  beforeEach(async () => {
    test = await startTestApp({ env: { REQUESTS_PER_SECOND: String(PER_SECOND) } });
  });
  afterEach(() => test.close());

  /** A connection that is there, by polling. */
  const open = async (): Promise<string> => {
    const { text } = await ask(test.url, `${FEED}polling`);
    return JSON.parse(text.slice(1)).sid;
  };

  it('refuses an upgrade that is none to the feed as everything else is refused', async () => {
    const upgrades: [path: string, headers: Record<string, string>, method?: string][] = [
      [`${FEED}nope`, UPGRADE],
      [`${FEED}polling`, UPGRADE],
      ['/socket.io/?EIO=4', UPGRADE],
      ['/socket.io/?EIO=3&transport=websocket', UPGRADE],
      [`${FEED}websocket&sid=made-up`, UPGRADE],
      [`${FEED}websocket`, UPGRADE, 'POST'],
      [`${FEED}websocket`, { ...UPGRADE, 'sec-websocket-key': 'x' }],
      [`${FEED}websocket`, { ...UPGRADE, 'sec-websocket-version': '99' }],
      [`${FEED}websocket`, { ...UPGRADE, 'sec-websocket-protocol': ',' }],
    ];
    for (const [path, headers, method = 'GET'] of upgrades) {
      const answer = await ask(test.url, path, headers, { method });
      expect([answer.status, answer.code], `${method} ${path}`).to.deep.equal([400, 'bad_request']);
      expect(answer.headers['x-content-type-options']).to.equal('nosniff');
      expect(answer.headers['content-type']).to.equal('application/problem+json');
    }
  });

  it('answers who offers another protocol in this one', async () => {
    const { status, headers } = await ask(test.url, `${FEED}polling`, { ...UPGRADE, upgrade: 'h2c' });
    expect(status).to.equal(200);
    expect(headers['x-content-type-options']).to.equal('nosniff');
  });

  it('knows GET and POST alone, also of a connection that is there', async () => {
    const sid = await open();
    for (const path of [`${FEED}polling`, `${FEED}polling&sid=${sid}`]) {
      for (const method of ['OPTIONS', 'PUT', 'DELETE', 'HEAD', 'PATCH']) {
        const { status, headers, code } = await ask(test.url, path, {}, { method });
        expect(status, `${method} ${path}`).to.equal(405);
        expect(headers.allow).to.equal('GET, POST');
        if (method !== 'HEAD') expect(code).to.equal('method_not_allowed');
      }
    }
  });

  it('has its headers on an upgrade of a connection that is there', async () => {
    const { status, headers } = await ask(test.url, `${FEED}websocket&sid=${await open()}`, UPGRADE);
    expect(status).to.equal(101);
    expect(headers['x-content-type-options']).to.equal('nosniff');
  });

  it('counts whatever a connection that is there asks, but for what a client of ours asks on and on', async () => {
    const sid = await open();
    for (let n = 0; n < QUOTA; n += 1) {
      await ask(test.url, `${FEED}polling&sid=${sid}`, {}, { method: 'PUT' });
    }
    const limited = [
      await ask(test.url, `${FEED}polling&sid=${sid}`, {}, { method: 'PUT' }),
      await ask(test.url, `${FEED}websocket&sid=${sid}`, UPGRADE),
    ];
    expect(limited.map(({ status }) => status)).to.deep.equal([429, 429]);
    expect((await ask(test.url, `${FEED}polling&sid=${sid}`)).status).to.equal(200);
  });
});
