import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { systemContext } from '../../../src/app.ts';
import { importImages } from '../../../src/core/images/import-images.ts';
import { matchBy } from '../../../src/core/images/match-files.ts';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { givenProduct, givenShop, type TestShop } from '../../support/factories.ts';
import { anyPng } from '../../support/pictures.ts';

describe('pictures from a folder', () => {
  let test: TestApp;
  let shop: TestShop;
  let folder: string;

  before(async () => {
    test = await startTestApp({ seals: false });
    shop = await givenShop(test, 'PICS');
    folder = join(test.home, 'photos');
    mkdirSync(folder);
    for (const sku of ['A', 'B', 'C']) await givenProduct(shop, { sku });
  });
  after(() => test.close());

  const bring = async () => {
    const steps: string[] = [];
    const result = await importImages(systemContext(test.app, 'test'), shop.id, folder, {
      matching: 'sku',
      dryRun: false,
      onProgress: (done, total, file) => steps.push(`${done} of ${total}, ${file}`),
    });
    return { result, steps };
  };

  it('are counted one by one, those that can not be used, too', async () => {
    writeFileSync(join(folder, 'A.png'), anyPng(20));
    writeFileSync(join(folder, 'B.png'), 'no picture');
    writeFileSync(join(folder, 'C.png'), anyPng(21));
    const { result, steps } = await bring();
    expect(result).to.include({ files: 3, changed: 2, without: 1 });
    expect(steps).to.deep.equal(['1 of 3, A.png', '2 of 3, B.png', '3 of 3, C.png']);
  });

  it('of barcodes find a GTIN with more or fewer zeros', () => {
    const chips = { id: '1', name: 'Chips', imageHash: null, skus: [], barcodes: ['012345678905'] };
    const find = matchBy('barcode', [chips]);
    expect(
      ['0012345678905.jpg', '012345678905.png', '12345678905.png'].map((file) => find(file).length),
    ).to.deep.equal([1, 1, 0]);
  });
});
