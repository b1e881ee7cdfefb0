import { expect } from 'chai';
import { sealAll } from '../support/audit-parts.ts';
import { runHere } from '../support/in-process.ts';
import { billsByCommand } from './by-hand/bills.ts';
import { houseByCommand } from './by-hand/house.ts';
import { answers, givenOwner } from './by-hand/owner.ts';
import { productsByCommand } from './by-hand/products.ts';
import { settingsByCommand } from './by-hand/settings.ts';
import { stockByCommand } from './by-hand/stock.ts';

// One busy shop for all of them, in this order: each subject has a file in by-hand/.
describe('what an owner does by command', function () {
  this.timeout(60_000);
  const owner = givenOwner();

  productsByCommand(owner);
  settingsByCommand(owner);
  billsByCommand(owner);
  stockByCommand(owner);
  houseByCommand(owner);

  describe('at the end', () => {
    it('leaves books that hold, and records that nobody changed', async () => {
      await sealAll(owner.world().test);
      const { code, stdout } = await runHere(owner.world().test, 'verify', '--shop=busy');
      expect(code, stdout).to.equal(0);
      expect((await runHere(owner.world().test, 'audit', 'verify', '--shop=busy')).code).to.equal(0);
    });

    it('prints as JSON what its schema says, for every command', async () => {
      // Of the two of pictures, test/cli/by-hand-processes.test.ts; the two that were there before have tests of their own.
      const elsewhere = ['product set-image', 'product remove-image', 'shop create', 'shop list'];
      await owner.json('product', 'remove', 'Row 0');
      expect([...owner.tried, ...elsewhere].toSorted()).to.deep.equal(Object.keys(answers).toSorted());
    });
  });
});
