import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLog, isFresh, SchemaError } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { checkConnections } from '../../src/doctor/check-connections.ts';
import { readFacts } from '../../src/doctor/examine.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('a home whose folder of PostgreSQL is empty', () => {
  let home: string;
  before(() => {
    home = tempFolder();
    // What a set-up that was cut off leaves, or the mount point of a container.
    mkdirSync(join(home, 'postgres', 'data'), { recursive: true });
  });
  after(() => removeFolder(home));

  it('is not set up yet for the doctor, as for every command', async () => {
    const config = loadConfig({ home }, {});
    expect(isFresh(config)).to.equal(true);
    const log = createLog({ logLevel: 'silent' });
    const error = await readFacts({ home, config, log, now: () => new Date() }).catch((thrown) => thrown);
    expect(error).to.be.instanceOf(SchemaError);
    expect([error.kind, error.message]).to.deep.equal([
      'empty',
      'Nothing is set up here yet. Run: smoocho init',
    ]);
    const [database] = await checkConnections(config, String);
    expect(database).to.include({ id: 'database', state: 'skipped' });
  });
});
