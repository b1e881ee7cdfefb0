import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { loadConfig } from '../../src/config.ts';
import { productAnswers } from '../../src/contract/command-answers/product.ts';
import { smoocho } from '../support/cli.ts';
import { givenCommandHome } from '../support/command-home.ts';
import { pngOf } from '../support/pictures.ts';
import { onTerminal, requireTerminal } from '../support/terminal.ts';

describe('commands of an owner, as processes', function () {
  this.timeout(120_000);
  const given = givenCommandHome({ SUDO_USER: 'asha' });
  const run = (words: string[], input = '') => smoocho(words, given.env(), input);

  it('need no --shop where there is one, and record the account that ran them', async () => {
    const added = await run(['product', 'add', '--name=Chai', '--price=25', '--sku=CHAI', '--json']);
    expect([added.code, added.stderr]).to.deep.equal([0, '']);
    expect(productAnswers['product add'].parse(added.json()).price).to.equal('25.00');
    const audit = await run(['audit', 'list', '--shop=kulf', '--type=product_created', '--json']);
    const account = loadConfig({ home: given.home }, given.env()).operator();
    expect(account).to.include('asha');
    expect(audit.json()[0].actor).to.deep.equal({ kind: 'system', id: null, name: 'cli', account });
  });

  it('give a product a picture, and take it away', async () => {
    const file = join(given.home, 'chai.png');
    writeFileSync(file, pngOf({ width: 64, height: 64 }));
    const set = await run(['product', 'set-image', 'chai', file, '--json']);
    expect([set.code, set.stderr]).to.deep.equal([0, '']);
    expect(productAnswers['product set-image'].parse(set.json()).imageUrl).to.be.a('string');
    const gone = await run(['product', 'remove-image', 'chai', '--json']);
    expect(productAnswers['product remove-image'].parse(gone.json()).imageUrl).to.equal(null);
    const missing = await run(['product', 'set-image', 'chai', `${file}.gone`]);
    expect([missing.code, missing.stderr]).to.deep.equal([2, `There is no file ${file}.gone.\n`]);
  });

  it('take what they set from standard input', async () => {
    const change = { receipt: { footer: 'Come again' }, kitchen: { enabled: true } };
    const { code, stdout, stderr } = await run(['settings', 'set', '--file=-'], JSON.stringify(change));
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout)
      .to.match(/kitchen\.enabled +false +true\n/)
      .and.match(/receipt\.footer +– +Come again\n/);
  });

  it('ask at a terminal before what can not be taken back', async function () {
    requireTerminal(this);
    const no = onTerminal(['product', 'remove', 'CHAI'], given.env());
    await no.answer('Take Chai off the menu for good?', 'n');
    expect(await no.ends()).to.equal(6);
    expect(no.output()).to.include('Nothing was changed.');
    const stopped = onTerminal(['product', 'remove', 'CHAI'], given.env());
    await stopped.shows('Take Chai off the menu for good?');
    stopped.type('\x03');
    expect(await stopped.ends()).to.equal(1);
    const yes = onTerminal(['product', 'remove', 'CHAI'], given.env());
    await yes.answer('Take Chai off the menu for good?', 'y');
    expect(await yes.ends()).to.equal(0);
    expect(yes.output()).to.include('Chai is off the menu.');
  });
});
