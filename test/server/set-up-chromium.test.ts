import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { issueSetupToken } from '../../src/core/shops/claim-installation.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Chromium, openChromium, requireChromium } from '../support/chromium.ts';
import { clientOf } from '../support/client.ts';
import { PASSWORD } from '../support/factories.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('a browser at a new server', function () {
  this.timeout(120_000);
  let folder: string;
  let test: TestApp;
  let chromium: Chromium;

  before(async function () {
    const program = requireChromium(this);
    folder = tempFolder();
    test = await startTestApp();
    chromium = openChromium(program, folder, []);
  });
  afterEach(() => chromium?.close());
  after(async () => {
    await test?.close();
    if (folder) removeFolder(folder);
  });

  it('sets the shop up by the link, whose token leaves the address at once', async () => {
    const token = (await issueSetupToken(systemContext(test.app, 'test'))) as string;
    const tab = await chromium.drive(`${test.url}/set-up#${token}`);
    const at = (name: string) => `document.getElementById(${JSON.stringify(name)})`;
    const fill = (fields: Record<string, string>) =>
      tab.run(
        Object.entries(fields)
          .map(([name, value]) => `${at(name)}.value = ${JSON.stringify(value)}`)
          .join(';'),
      );
    const submit = () => tab.run("document.querySelector('button').click()");

    await tab.until(`document.readyState === 'complete' && ${at('/setupToken')}?.value`);
    const seen = `({
      address: location.href, entries: history.length,
      token: ${at('/setupToken')}.value, isHidden: ${at('/setupToken')}.closest('p').hidden,
    })`;
    expect(await tab.run(seen)).to.deep.equal({
      address: `${test.url}/set-up`,
      entries: 1,
      token,
      isHidden: true,
    });

    const shop = { '/shop/name': 'Kulfi', '/shop/code': 'kulf', '/shop/country': 'IN' };
    const owner = { '/name': 'Asha', '/email': 'asha@example.com', '/taxNumber': '27ABCPE1234F1ZB' };
    await fill({ ...shop, ...owner, '/password': PASSWORD, '/passwordAgain': 'another' });
    await submit();
    await tab.until("document.querySelector('.wrong')");
    expect(await tab.run("document.querySelector('.wrong').textContent")).to.equal(
      'The second password differs from the first.',
    );
    expect(await tab.run('document.activeElement.id')).to.equal('/passwordAgain');
    // The page that came back has the token, unseen, and no password.
    expect(await tab.run(seen)).to.include({ address: `${test.url}/set-up`, token, isHidden: true });
    expect(await tab.run(`${at('/password')}.value`)).to.equal('');
    expect(await tab.run(`${at('/shop/name')}.value`)).to.equal('Kulfi');

    await fill({ '/password': PASSWORD, '/passwordAgain': PASSWORD });
    await submit();
    await tab.until("document.title === 'This shop is set up'");
    expect(await tab.run('location.href')).to.equal(`${test.url}/set-up`);
    const login = { email: 'asha@example.com', password: PASSWORD };
    expect((await clientOf(test.url).post('/api/auth/login', login)).status).to.equal(200);

    // Reloading sends nothing again, and who goes back finds no form.
    await tab.run('history.back()');
    await tab.until("document.readyState === 'complete' && !document.querySelector('form')");
  });

  it('shows the code that it scanned, and carries it on to HTTPS', async () => {
    const tab = await chromium.drive(`${test.url}/pair#7K2M-9XQD`);
    await tab.until("document.readyState === 'complete' && document.querySelector('.code')?.textContent");
    const seen =
      "[...document.querySelectorAll('[data-coded]')].map((part) => [part.dataset.coded, part.hidden])";
    expect(await tab.run("document.querySelector('.code').textContent")).to.equal('7K2M-9XQD');
    expect(await tab.run(seen)).to.deep.equal([
      ['yes', false],
      ['no', true],
      ['yes', false],
    ]);
    for (const none of ['', '#<img src=x onerror=alert(1)>', '#%', '#7K2M-9XQ']) {
      await tab.go('about:blank');
      await tab.go(`${test.url}/pair${none}`);
      await tab.until("document.readyState === 'complete' && document.title === 'Pair this device'");
      expect(await tab.run("document.querySelector('[data-coded=no]').hidden"), none).to.equal(false);
      expect(await tab.run("document.querySelectorAll('img').length"), none).to.equal(0);
    }
  });
});
