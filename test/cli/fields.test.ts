import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { z } from 'zod';
import { UsageError } from '../../src/cli/exit-codes.ts';
import { fieldsOf, readFields, readWord } from '../../src/cli/fields.ts';
import { readAnswers } from '../../src/cli/init/answers.ts';
import { readSmallFile } from '../../src/cli/small-file.ts';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { InventoryChange } from '../../src/contract/inventory.ts';
import { Amount, Percentage } from '../../src/contract/primitives.ts';
import { ProductChange } from '../../src/contract/products.ts';
import { Settings, SettingsChange } from '../../src/contract/settings.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

describe('a word of the command line', () => {
  const text = z.string();

  it('is text where text fits, whatever it looks like', () => {
    for (const word of ['004', '12345', 'true', '{', '[shop]', 'null', '1e3'])
      expect(readWord(text, word), word).to.equal(word);
    expect(readWord(text, '"12"')).to.equal('12');
    expect(readWord(text, '"')).to.equal('"');
    expect(readWord(text, '')).to.equal('');
  });

  it('never goes by way of a float where it is an amount', () => {
    for (const word of ['12.10', '0.30', '99999999.99', '007', '1e3'])
      expect(readWord(Amount, word), word).to.equal(word);
    expect(readWord(Percentage, '12.5')).to.equal('12.5');
  });

  it('is JSON where that fits and text does not', () => {
    expect(readWord(z.boolean(), 'true')).to.equal(true);
    expect(readWord(z.int(), '3')).to.equal(3);
    expect(readWord(z.array(text), '["a"]')).to.deep.equal(['a']);
    expect(readWord(z.array(text), '[1]')).to.deep.equal([1]);
    expect(readWord(z.boolean(), 'yes')).to.equal('yes');
    expect(readWord(z.json(), '{"a":1}')).to.deep.equal({ a: 1 });
    expect(readWord(z.json(), 'plain')).to.equal('plain');
  });

  it('is null where it is empty and may be', () => {
    expect(readWord(text.nullable(), '')).to.equal(null);
    expect(readWord(text.nullish(), '')).to.equal(null);
    expect(readWord(z.enum(['a']), '')).to.equal('');
  });

  it('is refused where it is nested deeper than anything of ours, from a file, too', async () => {
    const deep = `${'['.repeat(8_000)}${']'.repeat(8_000)}`;
    expect(() => readWord(z.unknown(), deep)).to.throw(UsageError, 'A value is nested more than 32 deep.');
    expect(readWord(z.unknown(), `${'['.repeat(32)}${']'.repeat(32)}`)).to.be.an('array');
    const home = tempFolder();
    const path = join(home, 'deep.json');
    writeFileSync(path, `{"custom": ${deep}}`);
    const failure = await readFields(path, SettingsChange, Settings).catch((error) => error);
    expect(failure)
      .to.be.instanceOf(UsageError)
      .with.property('message', `${path} is nested more than 32 deep.`);
    const answers = await readAnswers({ answers: path }).catch((error) => error);
    expect(answers)
      .to.be.instanceOf(UsageError)
      .with.property('message', `${path} is nested more than 32 deep.`);
    writeFileSync(join(home, 'config.json'), `{"port": ${deep}}`);
    expect(() => loadConfig({ home }, {})).to.throw(ConfigError, 'config.json is nested more than 32 deep');
    removeFolder(home);
  });

  it('becomes the field of its option, and nothing else does', () => {
    const options = { price: '12.50', sku: '004', sortOrder: '3', home: '/x', json: true, category: '' };
    expect(fieldsOf(ProductChange, options)).to.deep.equal({
      price: '12.50',
      category: null,
      sku: '004',
      sortOrder: 3,
    });
    expect(fieldsOf(InventoryChange, { cost: '40', name: undefined })).to.deep.equal({ cost: '40' });
  });
});

describe('a small file that is named on the command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(() => removeFolder(folder));

  const thrownBy = (reading: Promise<string>) =>
    reading.then(
      () => expect.fail('it was read'),
      (error) => error,
    );

  it('may be a pipe that somebody writes to, and is not waited for for ever', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const error = await thrownBy(readSmallFile(pipe, undefined, 50));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.equal(`${pipe} did not end within 0.05 seconds.`);
    const reading = readSmallFile(pipe);
    const writer = spawn('sh', ['-c', 'exec > "$1"; printf one; sleep 0.1; printf two', 'sh', pipe]);
    expect(await reading).to.equal('onetwo');
    if (writer.exitCode === null) await once(writer, 'exit');
    const silent = spawn('sh', ['-c', 'exec > "$1"; read -r end', 'sh', pipe]);
    expect((await thrownBy(readSmallFile(pipe, 'PIN', 500))).message).to.include('The PIN file did not end');
    silent.stdin.end();
    if (silent.exitCode === null) await once(silent, 'exit');
  });

  it('is a file, and nothing else', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await readSmallFile(file)).to.equal('');
    writeFileSync(file, 'x'.repeat(200_000));
    expect(await readSmallFile(file)).to.have.length(200_000);
    for (const other of [folder, '/dev/zero'])
      expect((await thrownBy(readSmallFile(other))).message).to.equal(
        `${other} is neither a file nor a pipe.`,
      );
  });
});
