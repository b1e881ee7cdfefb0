import { expect } from 'chai';
import { z } from 'zod';
import { fieldsOf, readWord } from '../../src/cli/fields.ts';
import { InventoryChange } from '../../src/contract/inventory.ts';
import { Amount, Percentage } from '../../src/contract/primitives.ts';
import { ProductChange } from '../../src/contract/products.ts';

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
