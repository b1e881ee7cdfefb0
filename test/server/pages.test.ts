import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Context } from 'koa';
import { nameCommands } from '../../src/as-typed.ts';
import { homePage } from '../../src/server/pages/home-page.ts';
import { type Page, sendPage } from '../../src/server/pages/page.ts';
import { setUpPage } from '../../src/server/pages/set-up-page.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { testDatabase } from '../support/database.ts';
import { givenShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { ask } from '../support/raw-http.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const NAMES = { dns: ['localhost', 'shop.local'], addresses: ['10.99.0.1', '127.0.0.1'] };
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

/** The hash of the one script or style on a page, as its policy names it. */
const hashIn = (text: string, tag: string) => {
  const inside = new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(text)?.[1] as string;
  return `'sha256-${createHash('sha256').update(inside).digest('base64')}'`;
};

describe('the pages for whoever opens the server in a browser', () => {
  let test: TestApp;

  before(async () => {
    const env = { ALLOWED_HOSTS: 'shop.local', TRUSTED_PROXIES: '127.0.0.9' };
    test = await startTestApp({ https: { findNames: () => NAMES }, env });
  });
  after(() => test.close());

  const port = () => Number(new URL(test.secureUrl).port);
  const get = (path: string, headers = {}, url = test.url) =>
    ask(url, path, { host: '10.99.0.1:8080', ...BROWSER, ...headers });

  it('say at / how a new server is set up, and then how a till is paired, and nothing of the shop', async () => {
    const { status, headers, text } = await get('/');
    expect([status, headers['content-type']]).to.deep.equal([200, 'text/html; charset=utf-8']);
    expect(text).to.include('There is no shop here yet').and.not.include('Pair a till');
    await givenShop(test, 'PAGE');
    await test.database.connect().then((db) => db.query('UPDATE setup SET claimed_at = now()'));
    let later = '';
    await until(async () => {
      later = (await get('/')).text;
      return later !== text;
    });
    expect(later).to.include('Pair a till').and.not.include('There is no shop');
    expect(later).to.include('href="/ca"').and.include(`href="https://10.99.0.1:${port()}/"`);
    expect(later).to.include('href="/api/openapi.json"');
    for (const secret of ['PAGE', '0.1.0', 'example.com', 'script']) expect(later).to.not.include(secret);
    expect(headers['content-security-policy']).to.equal(
      `default-src 'none'; style-src ${hashIn(text, 'style')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect((await ask(test.url, '/', {}, { method: 'HEAD' })).status).to.equal(200);
  });

  it('write commands as they are typed on the server, and nothing that somebody sent', () => {
    const reached = { here: '', isSecure: true, isOnlyHere: false, secure: undefined, hasAuthority: false };
    const shown = (typed: string, page: () => Page) => {
      nameCommands(['device pair', 'shop list'], typed);
      try {
        const ctx = { set() {} } as unknown as Context;
        sendPage(ctx, page());
        return ctx.body as string;
      } finally {
        nameCommands([]);
      }
    };
    const home = (typed: string) => shown(typed, () => homePage('done', reached));
    const values = { '/shop/name': 'smoocho shop' };
    expect(shown('./bin/smoocho.js', () => setUpPage(reached, { values }))).to.include(
      'value="smoocho shop"',
    );
    expect(home('./bin/smoocho.js')).to.include('<code>./bin/smoocho.js device pair --name');
    expect(home('run <x> smoocho')).to.include('<code>run &#60;x&#62; smoocho device pair');
    // Where the program lies is for nobody who only opens the page.
    for (const path of [
      '/opt/x.js',
      'sudo -u ann /opt/x.js',
      "node '/opt/x y.js'",
      'docker -H=/run/x exec a b',
    ])
      expect(home(path), path).to.include('<code>smoocho device pair').and.not.include(path);
    expect(home('smoocho')).to.include('several shops').and.include('--shop CODE');
  });

  it('lead at /pair through /ca to HTTPS, with one script that the policy names', async () => {
    const { status, headers, text } = await get('/pair');
    expect(status).to.equal(200);
    expect(headers['content-security-policy']).to.include(`script-src ${hashIn(text, 'script')};`);
    expect(text).to.not.match(/<form|<iframe|<link|style="|src=|\son\w+="/);
    expect(text.indexOf('href="/ca"'))
      .to.be.above(0)
      .and.below(text.indexOf(`href="https://10.99.0.1:${port()}/pair"`));
    // Without a script nobody knows the code, and the page says where it stands.
    expect(text).to.match(/<p data-coded="no">You need a pairing code/);
    expect((await ask(test.url, '/pair', {}, { method: 'POST' })).status).to.equal(405);
  });

  it('send nobody away who reads them over HTTPS, or through a proxy that has TLS', async () => {
    const options = { localAddress: '127.0.0.9' };
    const proxied = { host: 'shop.local', 'x-forwarded-proto': 'https' };
    for (const path of ['/', '/pair']) {
      const { text } = await ask(test.url, path, proxied, options);
      expect(text, path).to.not.include('/ca"').and.not.include(`:${port()}`);
    }
    expect((await ask(test.url, '/pair', proxied, options)).text).to.include(
      '<code>https://shop.local</code>',
    );
    expect((await ask(test.url, '/', proxied, options)).text).to.include('You read this over HTTPS');
  });

  it('say what is wrong in a sentence to people, and as a problem to programs', async () => {
    const page = await get('/no-such-page');
    expect([page.status, page.headers['content-type']]).to.deep.equal([404, 'text/html; charset=utf-8']);
    expect(page.text).to.include('There is nothing at this address.');
    const program = await ask(test.url, '/no-such-page', { accept: '*/*' });
    expect([program.status, program.code]).to.deep.equal([404, 'not_found']);
    const api = await get('/api/no-such-thing');
    expect([api.status, api.code]).to.deep.equal([404, 'not_found']);
    const named = await get('/', { host: '<b>.example' });
    expect([named.status, named.headers['content-type']]).to.deep.equal([421, 'text/html; charset=utf-8']);
    expect(named.text).to.include('&#60;b&#62;.example').and.not.include('<b>.example');
  });

  it('say nothing of HTTPS where there is none, and that the database is away when it is', async () => {
    const database = await testDatabase();
    const line = await startTcpProxy(database.url);
    const far = Object.assign(new URL(database.url), { host: `127.0.0.1:${line.port}` });
    const plain = await startTestApp({ database, env: { DATABASE_URL: far.href } });
    try {
      expect((await get('/pair', {}, plain.url)).text).to.not.include('/ca"');
      expect((await get('/', {}, plain.url)).text)
        .to.include('There is no shop here yet')
        .and.not.include('HTTPS');
      line.pause();
      await until(async () => {
        const { status, text } = await get('/', {}, plain.url);
        expect(status).to.equal(200);
        return text.includes('Its database does not answer now');
      });
      line.resume();
    } finally {
      await plain.close();
      await line.close();
      await database.drop();
    }
  });
});
