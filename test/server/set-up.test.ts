import { expect } from 'chai';
import { pino } from 'pino';
import { systemContext } from '../../src/app.ts';
import { issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { PASSWORD } from '../support/factories.ts';
import { ask } from '../support/raw-http.ts';
import { securityLog } from '../support/sign-in-parts.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('set-up in a browser', () => {
  let test: TestApp;
  let token: string;
  let logged: string;

  beforeEach(async () => {
    logged = '';
    const write = (line: string) => {
      logged += line;
    };
    test = await startTestApp({ log: pino({ level: 'trace' }, { write }) });
    token = (await issueSetupToken(systemContext(test.app, 'test'))) as string;
  });
  afterEach(() => test.close());

  const filledIn = (changes: Record<string, string> = {}) => ({
    '/setupToken': token,
    '/shop/name': 'Kulfi & <Corner>',
    '/shop/code': 'kulf',
    '/shop/country': 'IN',
    '/name': 'आशा',
    '/email': 'asha@example.com',
    '/password': PASSWORD,
    '/passwordAgain': PASSWORD,
    ...changes,
  });
  const post = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(
      test.url,
      '/set-up',
      { ...FORM, accept: 'text/html', ...headers },
      { method: 'POST', body: new URLSearchParams(fields).toString() },
    );
  /** The sentence beside a field; undefined if there is none. */
  const besideIn = (text: string, name: string) => new RegExp(`id="${name}-wrong">([^<]*)<`).exec(text)?.[1];
  const valueIn = (text: string, name: string) =>
    new RegExp(`<input id="${name}"[^>]* value="([^"]*)"`).exec(text)?.[1];
  const users = async () => {
    const db = await test.database.connect();
    return (await db.query('SELECT name, email, role FROM users')).rows;
  };

  it('makes the owner and the shop with the token, once, and then says what to do next', async () => {
    const form = await ask(test.url, '/set-up');
    expect(form.status).to.equal(200);
    expect(form.headers['content-security-policy'])
      .to.include("default-src 'none'")
      .and.match(/script-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'/);
    // No address of this page goes to another site, and the form itself says where it comes from.
    expect(form.headers['referrer-policy']).to.equal('same-origin');
    expect(form.headers['cache-control']).to.equal('no-store');
    expect(form.text).to.include('<option value="Asia/Kolkata" data-alias="Asia/Calcutta"');
    // Browsers may have this zone by the older name alone.
    expect(form.text).to.include('<option value="America/Atikokan" data-alias="America/Coral_Harbour"');

    const made = await post(filledIn(), { origin: test.url });
    expect([made.status, made.headers.location, made.text]).to.deep.equal([303, '/set-up', made.text]);
    expect(made.text).to.not.include(token);
    expect(await users()).to.deep.equal([{ name: 'आशा', email: 'asha@example.com', role: 'owner' }]);
    const login = { email: 'asha@example.com', password: PASSWORD };
    const { body } = await clientOf(test.url).post('/api/auth/login', login);
    expect(body.shops[0]).to.include({ name: 'Kulfi & <Corner>', code: 'KULF', timezone: 'Asia/Kolkata' });
    // Tax, currency and time zone follow from the country, as with init.
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT currency, settings FROM shops');
    expect(rows[0].currency).to.equal('INR');
    expect(rows[0].settings).to.deep.include({ country: 'IN', fiscalYearStart: '04-01' });
    expect(rows[0].settings.tax).to.include({ split: 'gst', defaultClass: 'gst-5', state: '' });
    const [claimed] = await securityLog(test, 'setup_claimed');
    expect(claimed).to.deep.include({
      address: '127.0.0.1',
      details: { email: 'asha@example.com', by: 'setup token' },
    });

    const done = await ask(test.url, '/set-up');
    expect([done.status, done.text.includes('<form')]).to.deep.equal([200, false]);
    expect(done.text).to.include('This shop is set up').and.include('smoocho device pair');
    for (const secret of ['Kulfi', 'KULF', 'asha', token]) expect(done.text).to.not.include(secret);
    const again = await post(filledIn({ '/email': 'second@example.com' }));
    expect(again.status).to.equal(403);
    expect(again.text).to.include('The link has done its work');
    expect(await users()).to.have.length(1);
    expect(logged).to.include('"path":"/set-up"');
    for (const secret of [token, PASSWORD, encodeURIComponent(PASSWORD)])
      expect(logged).to.not.include(secret);
  });

  it('says beside each field what is wrong with it, and keeps what was typed but no password', async () => {
    const wrong = {
      '/shop/name': ' ',
      '/shop/code': '1"><b>',
      '/shop/currency': 'KWD',
      '/shop/timezone': 'Mars/Olympus',
      '/name': '',
      '/email': 'asha',
      '/password': 'secret-one',
      '/passwordAgain': 'secret-two',
    };
    const { status, text } = await post(filledIn(wrong));
    expect(status).to.equal(422);
    const sentences = Object.keys(wrong).map((name) => besideIn(text, name));
    expect(sentences).to.deep.equal([
      'The shop’s name is empty.',
      'The code is not 2 to 4 letters.',
      'The currency has three decimals, and amounts here have two at most.',
      'The time zone is not a time zone like Asia/Kolkata.',
      'Your name is empty.',
      'Your e-mail is not an e-mail address.',
      'The password is shorter than 12 characters.',
      undefined,
    ]);
    expect(text).to.include('7 things are not right yet.');
    expect(valueIn(text, '/shop/code')).to.equal('1&#34;&#62;&#60;b&#62;');
    expect([valueIn(text, '/email'), valueIn(text, '/setupToken')]).to.deep.equal(['asha', token]);
    expect(text).to.not.include('secret-').and.not.include('"><b>');
    expect(text.match(/autofocus/g)).to.have.length(1);
    expect(await users()).to.deep.equal([]);

    const { text: empty } = await post({ '/setupToken': token });
    expect(besideIn(empty, '/shop/country')).to.equal('The country is not chosen yet.');
    for (const follows of ['/shop/currency', '/shop/timezone', '/tax'])
      expect(besideIn(empty, follows), follows).to.equal(undefined);
    const { text: folded } = await ask(test.url, '/set-up');
    expect([folded.includes('<details>'), text.includes('<details open>')]).to.deep.equal([true, true]);

    for (const [changes, name, sentence] of [
      [
        { '/taxNumber': '27ABCPE1234F1ZC' },
        '/taxNumber',
        /^The number for tax is mistyped somewhere: its last character does not fit/,
      ],
      [{ '/taxNumber': 'X1' }, '/taxNumber', /^The number for tax has 2 characters, and a GSTIN has 15/],
      [{ '/shop/country': 'DE', '/taxNumber': '<i>' }, '/taxNumber', /is not a registration number/],
      [{ '/shop/country': 'XX' }, '/shop/country', /^The country is not a country of the list\.$/],
      [
        { '/shop/country': 'DE', '/tax': 'in-gst' },
        '/tax',
        /^India, GST is not for Germany: there it is one of European Union, VAT; No tax; /,
      ],
      [{ '/tax': 'vat' }, '/tax', /^The tax is none of the list\.$/],
      [{ '/shop/country': 'US' }, '/taxRate', /^The rate is missing: all levels together, such as 8\.875/],
      [{ '/tax': 'sales-tax', '/taxRate': 'x' }, '/taxRate', /^The rate is not a percentage like 8\.875\.$/],
      [{ '/taxRate': '5' }, '/taxRate', /^The rate goes with Sales tax at one rate alone/],
      [{ '/shop/country': 'KW' }, '/shop/currency', /^The currency of Kuwait, KWD, has three decimals/],
    ] as const) {
      const refused = await post(filledIn(changes));
      expect(refused.status, name).to.equal(422);
      expect(besideIn(refused.text, name)).to.match(sentence);
      expect(refused.text).to.include('One thing is not right yet.').and.not.include(PASSWORD);
      const typed = (changes as Record<string, string>)['/taxNumber'];
      if (typed) expect(valueIn(refused.text, '/taxNumber')).to.equal(typed.replace('<i>', '&#60;i&#62;'));
    }

    const passwords = [
      [{ '/passwordAgain': 'another' }, '/passwordAgain', 'The second password differs from the first.'],
      [
        { '/password': 'kulfi corner 1', '/passwordAgain': 'kulfi corner 1' },
        '/password',
        /^The password is made of the name, the e-mail or the shop: /,
      ],
      [
        { '/password': 'qwertyuiop123', '/passwordAgain': 'qwertyuiop123' },
        '/password',
        /^The password is one that many people use/,
      ],
    ] as const;
    for (const [changes, name, sentence] of passwords) {
      const refused = await post(filledIn(changes));
      expect(refused.status).to.equal(422);
      expect(besideIn(refused.text, name)).to.match(new RegExp(sentence));
    }
    const registered = {
      '/taxNumber': '27 abcpe1234f 1zb',
      '/tax': 'in-composition',
      '/shop/currency': 'USD',
    };
    expect((await post(filledIn(registered))).status).to.equal(303);
    const db = await test.database.connect();
    const { rows } = await db.query('SELECT currency, settings FROM shops');
    expect([rows[0].currency, rows[0].settings.country]).to.deep.equal(['USD', 'IN']);
    expect(rows[0].settings.tax).to.include({
      split: 'none',
      registrationNumber: '27ABCPE1234F1ZB',
      state: '27',
    });
  });

  it('takes no other token, and counts the tries of an address as registering does', async () => {
    const refused = await post(filledIn({ '/setupToken': 'guessed' }));
    expect(refused.status).to.equal(403);
    expect(besideIn(refused.text, '/setupToken')).to.match(
      /^The setup token is wrong, expired or already used/,
    );
    expect(refused.text).to.not.include(PASSWORD);
    for (let n = 1; n < 20; n += 1) await post(filledIn({ '/setupToken': `guessed-${n}` }));
    const limited = await post(filledIn());
    expect(limited.status).to.equal(429);
    expect(limited.text).to.include('Too many wrong setup tokens were tried.');
    expect(Number(limited.headers['retry-after'])).to.be.above(0);
    expect(await securityLog(test, 'setup_failed')).to.have.length(20);
    expect(await users()).to.deep.equal([]);
  });

  it('takes no form of another site, no field that is not on it, and nothing else than a form', async () => {
    const origins = ['https://evil.example', 'null', 'http://127.0.0.1:1'];
    for (const origin of origins) expect((await post(filledIn(), { origin })).status, origin).to.equal(403);
    for (const name of ['/role', '/pin', '/shopId', '/__proto__', '__proto__', '/shop/id']) {
      const { status, text } = await post(filledIn({ [name]: 'owner' }));
      expect(status, name).to.equal(422);
      expect(text, name).to.include('is not a field here');
    }
    const json = await ask(
      test.url,
      '/set-up',
      { 'content-type': 'application/json', accept: 'text/html' },
      { method: 'POST', body: JSON.stringify(filledIn()) },
    );
    expect(json.status).to.equal(415);
    const large = await post(filledIn({ '/name': 'x'.repeat(17 * 1024) }));
    expect(large.status).to.equal(413);
    expect(large.text).to.include('<form');
    expect(await users()).to.deep.equal([]);
  });
});
