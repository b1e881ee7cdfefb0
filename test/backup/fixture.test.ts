import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { identitiesIn } from '../../src/backup/archive/encryption.ts';
import { readBack } from '../../src/backup/verify-backup.ts';
import { listCustomers } from '../../src/core/customers/find-customers.ts';
import { salesReport } from '../../src/core/reports/sales-report.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { smoocho } from '../support/cli.ts';
import type { BackupFixture } from '../support/make-backup-fixture.ts';
import { newBox, openOn, restoreOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';

/** Of each version whose archives were another's no more; those of the first one are restored for ever. */
const folders = globSync('test/fixtures/backup-*').sort();

describe('a backup that an older version made', function () {
  this.timeout(120_000);

  it('is there, of the first version on', () => {
    expect(folders.map((folder) => folder.replaceAll('\\', '/'))[0]).to.equal('test/fixtures/backup-0.1');
  });

  for (const folder of folders) {
    it(`comes back whole on a new machine: ${folder}`, async () => {
      const expected: BackupFixture = JSON.parse(readFileSync(join(folder, 'figures.json'), 'utf8'));
      const file = join(folder, 'shop.smoocho');
      const identities = identitiesIn(readFileSync(join(folder, 'recovery-key.txt'), 'utf8'));
      const { id, ...figures } = expected.shop;
      const { manifest, findings } = await readBack(file, identities);
      expect(findings).to.deep.equal([]);
      expect(manifest?.shops[0]).to.include({ id, ...figures });
      expect(manifest?.auditHeads).to.have.length.above(0);
      const box = await newBox();
      const restored = await restoreOn(box, file, { identities });
      expect(restored).to.include({ keepsKeys: true, safetyCopy: null });
      const app = await openOn(box.config)(box.database.url);
      const context = () => ({ app, em: app.orm.em.fork() });
      try {
        expect((await verifyShop(context(), id)).isSound).to.equal(true);
        const { totals } = await salesReport(context(), id, { ...expected.span, groupBy: 'month' });
        expect(totals).to.deep.include(expected.totals);
        const { phone, name } = expected.customer;
        const { data } = await listCustomers(context(), id, { phone, limit: 5 });
        expect(data.map((customer) => [customer.name, customer.phone])).to.deep.equal([[name, phone]]);
      } finally {
        await app.close();
      }
      const db = await box.database.connect();
      const { rows } = await db.query('SELECT order_number AS n FROM orders WHERE shop_id = $1 ORDER BY 1', [
        id,
      ]);
      await db.end();
      expect(rows.map(({ n }) => n)).to.deep.equal(expected.orderNumbers);
      const picture = readFileSync(join(box.home, 'images', expected.picture.key));
      expect(createHash('sha256').update(picture).digest('hex')).to.equal(expected.picture.sha256);
      const env = { SMOOCHO_HOME: box.home, DATABASE_URL: box.database.url };
      const audit = await smoocho(['audit', 'verify', '--json'], env);
      expect([audit.code, audit.stderr], audit.stdout).to.deep.equal([0, '']);
      await box.database.drop();
      removeFolder(box.home);
    });
  }
});
