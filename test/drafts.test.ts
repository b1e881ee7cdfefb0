import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { draftOf, writeDraft } from '../src/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

describe('files that are put in the place of others', () => {
  let folder: string;
  before(() => {
    folder = tempFolder();
  });
  after(() => removeFolder(folder));

  it('are written under a name that nobody guesses, with just their mode', () => {
    const path = join(folder, 'config.json');
    expect(draftOf(path))
      .to.match(/config\.json\.[0-9a-f-]{36}\.tmp$/)
      .and.not.equal(draftOf(path));
    const draft = draftOf(path);
    writeDraft(draft, '{}', 0o640);
    expect([readFileSync(draft, 'utf8'), lstatSync(draft).mode & 0o777]).to.deep.equal(['{}', 0o640]);
  });

  it('are never written through a link that is there', () => {
    const other = join(folder, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'shadow'), 'root');
    symlinkSync(join(other, 'shadow'), join(folder, 'link'));
    symlinkSync(join(other, 'none'), join(folder, 'nowhere'));
    for (const name of ['link', 'nowhere'])
      expect(() => writeDraft(join(folder, name), 'taken', 0o600), name).to.throw('EEXIST');
    expect(readFileSync(join(other, 'shadow'), 'utf8')).to.equal('root');
  });
});
