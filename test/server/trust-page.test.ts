import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { startTestApp, type TestApp } from '../support/app.ts';
import { ask } from '../support/raw-http.ts';

const NAMES = { dns: ['localhost', 'shop.local'], addresses: ['10.99.0.1', '127.0.0.1'] };

describe('what devices need to trust the server', () => {
  let test: TestApp;
  let ca: string;

  before(async () => {
    test = await startTestApp({ https: { findNames: () => NAMES }, env: { ALLOWED_HOSTS: 'shop.local' } });
    ca = test.certificates?.authority?.pem as string;
  });
  after(() => test.close());

  const port = () => Number(new URL(test.secureUrl).port);

  it('is the root', async () => {
    const { status, headers, text } = await ask(test.url, '/ca.pem');
    expect([status, headers['content-type']]).to.deep.equal([200, 'application/x-x509-ca-cert']);
    expect(text).to.equal(ca);
    expect(text).to.not.include('KEY');
  });

  it('is a page without scripts, whose policy lets its one style in', async () => {
    const { status, headers, text } = await ask(test.url, '/ca', { host: 'shop.local:8080' });
    expect([status, headers['content-type']]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const style = /<style>(.*?)<\/style>/s.exec(text)?.[1] as string;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(headers['content-security-policy']).to.equal(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(text).to.not.match(/<script|<form|<iframe|<link|style="|src=|\son\w+="/);
    expect(text).to.include(test.certificates?.authority?.fingerprint);
    for (const system of ['Android', 'iPhone and iPad', 'Windows', 'macOS', 'Linux'])
      expect(text).to.include(`<summary>${system}</summary>`);
    expect(text).to.include(`href="https://shop.local:${port()}/ca"`);
    expect(text.match(/<svg/g)).to.have.length(2);
  });

  it('has an address that other devices can use, whatever it was asked by', async () => {
    for (const host of ['localhost', '127.0.0.1', '203.0.113.7', '[::1]']) {
      const { text } = await ask(test.url, '/ca', { host });
      expect(text, host).to.match(/href="https:\/\/10\.99\.0\.1:\d+\/ca"/);
    }
    const { status } = await ask(test.url, '/ca', { host: '"><script>.example' });
    expect(status).to.equal(421);
  });

  it('is 404 where HTTPS is off', async () => {
    const plain = await startTestApp();
    for (const path of ['/ca', '/ca.pem']) {
      const { status, code } = await ask(plain.url, path);
      expect([status, code]).to.deep.equal([404, 'not_found']);
    }
    await plain.close();
  });
});
