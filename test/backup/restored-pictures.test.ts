import { expect } from 'chai';
import { createApp } from '../../src/app.ts';
import { boxKey } from '../../src/backup/keys.ts';
import { loadConfig } from '../../src/config.ts';
import { systemActor } from '../../src/core/context.ts';
import { checkImages } from '../../src/core/images/check-images.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop } from '../support/factories.ts';
import { fetchImage, givenPicture, uploadTo } from '../support/image-parts.ts';
import { photo } from '../support/pictures.ts';
import { type Box, backUp, newBox, restoreOn } from '../support/restore-parts.ts';
import { removeFolder } from '../support/temp.ts';

describe('pictures of a restored shop', () => {
  let test: TestApp;
  let box: Box;

  before(async () => {
    test = await startTestApp();
    box = await newBox();
  });
  after(async () => {
    await test.close();
    await box.database.drop();
    removeFolder(box.home);
  });

  it('are whole, though one was replaced before the backup and is not in it', async () => {
    const shop = await givenShop(test, 'PICT');
    const { id, imageUrl } = await givenPicture(shop, await photo(300, 200).jpeg().toBuffer());
    const replaced = await uploadTo(shop.manager, shop, id, await photo(200, 300).jpeg().toBuffer());
    expect(replaced.status).to.equal(200);
    expect((await fetchImage(test, imageUrl)).status).to.equal(200);
    const config = loadConfig({ home: test.home }, { DATABASE_URL: test.database.url, LOG_LEVEL: 'silent' });
    const { file } = await backUp({ home: test.home, database: test.database, config });
    await restoreOn(box, file, { identities: [(await boxKey(test.home)).identity] });
    const app = await createApp({ ...box.config, databaseUrl: box.database.url });
    try {
      const checked = await checkImages({ app, em: app.orm.em.fork(), actor: systemActor('cli') });
      expect(checked.bad).to.deep.equal([]);
    } finally {
      await app.close();
    }
  });
});
