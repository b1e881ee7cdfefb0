import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { showQr } from '../../../src/cli/greeting.ts';
import { userAnswers } from '../../../src/contract/command-answers/user.ts';
import type { TestApp } from '../../support/app.ts';
import type { BusyShop } from '../../support/busy-shop.ts';
import { runHere } from '../../support/in-process.ts';
import type { Owner } from './owner.ts';

/** The shop, its people and its secrets, and what `--quiet` leaves out. */
export function houseByCommand(owner: Owner): void {
  const { run, fails, any } = owner;
  let test: TestApp;
  let shop: BusyShop;
  before(() => {
    ({ test, shop } = owner.world());
  });

  describe('with --quiet', () => {
    const quiet = async (...words: string[]) => {
      const { code, stdout, stderr } = await runHere(test, ...words, '-q');
      expect([code, stderr], words.join(' ')).to.deep.equal([0, '']);
      return stdout;
    };

    it('says nothing of what was done', async () => {
      for (const words of [
        ['settings', 'set', 'receipt.footer=Come again'],
        ['inventory', 'count', 'Milk=8'],
        ['inventory', 'adjust', 'Milk', '--by=1', '--reason=purchase'],
      ])
        expect(await quiet(...words, '--shop=busy'), words.join(' ')).to.equal('');
    });

    it('prints what was asked for, with its heading', async () => {
      expect(await quiet('shop', 'show', '--shop=busy')).to.match(/^Shop BUSY\n {2}code/);
      expect(await quiet('config', 'check', `--home=${test.home}`)).to.equal('The settings are right.\n');
      expect(await quiet('config', 'show', `--home=${test.home}`)).to.match(/^Home: /);
    });

    it('starts without a QR code', () => {
      const drawn = (isQuiet: boolean) => {
        const written: string[] = [];
        const { write } = process.stdout;
        process.stdout.write = ((text: string) => written.push(text) > 0) as typeof write;
        try {
          showQr({ isInteractive: true, isQuiet, say() {} }, 'http://192.0.2.1:8080');
        } finally {
          process.stdout.write = write;
        }
        return written.join('').includes('█');
      };
      expect([drawn(false), drawn(true)]).to.deep.equal([true, false]);
    });
  });

  it('refuses what names no secret, and a name beside an option', async () => {
    const rotate = async (...words: string[]) => fails(await runHere(test, 'secrets', 'rotate', ...words));
    expect(await rotate('token')).to.deep.equal([
      2,
      'token is no name. Did you mean tokens? Names: tokens, master-key, database-password, image-store.',
    ]);
    expect(await rotate('tokens', '--replace-master-key')).to.deep.equal([
      2,
      'Give either a name or an option, not both.',
    ]);
  });

  describe('with the shop', () => {
    it('shows and changes it; a shop is asked for where there are several', async () => {
      expect(await any('shop', 'show')).to.include({ code: 'BUSY', currency: 'INR' });
      // The same clock as before, at whatever time of day this runs: the shop has sold today.
      const sameClock = ['--timezone=Asia/Colombo', '--day-start=00:00'];
      expect(await any('shop', 'set', '--name=Busy Corner', ...sameClock)).to.include({
        name: 'Busy Corner',
        timezone: 'Asia/Colombo',
        dayStart: '00:00',
      });
      const [code, why] = fails(await run('shop', 'set', '--timezone=Pacific/Midway', '--day-start=23:59'));
      expect(code).to.equal(1);
      expect(why).to.match(
        /^With the time zone Pacific\/Midway and the day start 23:59 it would be .* again, /,
      );
      expect(fails(await run('shop', 'set', '--code=BIZ'))[0]).to.equal(1);
      expect(fails(await run('shop', 'set', '--timezone=Mars/Base'))[0]).to.equal(2);
      expect(fails(await runHere(test, 'shop', 'show'))).to.deep.equal([
        2,
        'There are several shops (BUSY, ELSE): say which with --shop.',
      ]);
    });
  });

  describe('with people', () => {
    it('changes name, e-mail and PIN of somebody, whose e-mail may be typed in capitals', async () => {
      const email = `--email=${shop.emails.cashier.toUpperCase()}`;
      const here = (...words: string[]) => runHere(test, 'user', ...words);
      const file = join(test.home, 'pin.txt');
      writeFileSync(file, '4071\n');
      const pin = await here('set-pin', email, `--pin-file=${file}`, '--json');
      const { hasPin, endedSessions } = userAnswers['user set-pin'].parse(pin.json());
      expect([pin.code, hasPin, endedSessions]).to.deep.equal([0, true, 0]);
      const set = await here('set', email, '--name=Ravi', '--remove-pin');
      expect([set.code, set.stdout.replace(/ {2,}/g, '  ')]).to.deep.equal([
        0,
        'cashier of BUSY\n  before  now\n  name  cashier of BUSY  Ravi\n  hasPin  true  false\n',
      ]);
      writeFileSync(file, '12');
      expect(fails(await here('set-pin', email, `--pin-file=${file}`))).to.deep.equal([
        2,
        'The pin is not a PIN of 4 to 8 digits.',
      ]);
      const mistaken = fails(await here('set-pin', email, '--pin-file=4071'));
      expect(mistaken).to.deep.equal([2, 'The PIN file is not there.']);
      expect(fails(await here('set-pin', email))[0]).to.equal(2);
      expect(fails(await here('set', email))[0]).to.equal(2);
      const taken = fails(await here('set', email, `--new-email=${shop.emails.manager}`));
      expect(taken[0]).to.equal(1);
      const moved = await here('set', email, '--new-email=Ravi@Example.com', '--json');
      expect(userAnswers['user set'].parse(moved.json()).email).to.equal('ravi@example.com');
    });
  });
}
