import { expect } from 'chai';
import { resolveTaxPercent, resolveTaxRate, taxSplitFor } from '../../src/pricing/index.ts';

// Out of order on purpose: settings keep the order in which an owner typed.
const classes = [
  {
    code: 'food',
    name: 'Food',
    rates: [
      { from: '2025-09-22', percent: 5000 },
      { from: '2017-07-01', percent: 18000 },
      { from: '2017-11-15', percent: 12000 },
    ],
  },
  { code: 'later', name: 'Not yet taxed', rates: [{ from: '2099-01-01', percent: 5000 }] },
];

const percentOn = (day: string, code: string | null = 'food', defaultClass = 'food') =>
  resolveTaxPercent(classes, code, defaultClass, day);

describe('resolveTaxPercent', () => {
  it('takes the newest rate that is not after the business date', () => {
    expect(percentOn('2017-07-01')).to.equal(18000);
    expect(percentOn('2017-11-14')).to.equal(18000);
    expect(percentOn('2017-11-15')).to.equal(12000);
    expect(percentOn('2025-09-21')).to.equal(12000);
    expect(percentOn('2026-01-01')).to.equal(5000);
  });

  it('is 0 before the first rate', () => {
    expect(percentOn('2017-06-30')).to.equal(0);
    expect(percentOn('2026-01-01', 'later')).to.equal(0);
  });

  it('takes the default class for a product that names none', () => {
    expect(percentOn('2026-01-01', null)).to.equal(5000);
    expect(percentOn('2026-01-01', null, '')).to.equal(0);
  });

  it('is 0 for a class that is not there, whatever the default', () => {
    expect(percentOn('2026-01-01', 'gone')).to.equal(0);
    expect(resolveTaxPercent([], null, 'food', '2026-01-01')).to.equal(0);
  });
});

describe('resolveTaxRate', () => {
  it('names the class that counts', () => {
    expect(resolveTaxRate(classes, null, 'food', '2018-01-01')).to.deep.equal({
      class: 'food',
      name: 'Food',
      percent: 12000,
    });
    expect(resolveTaxRate(classes, 'gone', 'food', '2018-01-01')).to.equal(null);
  });
});

describe('taxSplitFor', () => {
  const from = (state: string, split: 'none' | 'gst' = 'gst') => ({ split, state });

  it('gives IGST for a supply to another state', () => {
    expect(taxSplitFor(from('Maharashtra'), 'Karnataka')).to.equal('igst');
    expect(taxSplitFor(from('27'), '29')).to.equal('igst');
  });

  it('gives CGST and SGST within the state, however its name is typed', () => {
    for (const place of ['Tamil Nadu', 'tamil nadu', '  TAMIL \t  Nadu ']) {
      expect(taxSplitFor(from('Tamil Nadu'), place), place).to.equal('gst');
      expect(taxSplitFor(from(place), 'Tamil Nadu'), place).to.equal('gst');
    }
    for (const place of ['Tamilnadu', 'TN', '33'])
      expect(taxSplitFor(from('Tamil Nadu'), place)).to.equal('gst');
    // What is no State is compared as it is typed.
    expect(taxSplitFor(from('Bombay'), ' bombay ')).to.equal('gst');
    expect(taxSplitFor(from('Bombay'), 'Maharashtra')).to.equal('igst');
  });

  it('takes a place that is not known for the shop’s own', () => {
    for (const place of [null, '', '  ']) expect(taxSplitFor(from('Goa'), place)).to.equal('gst');
    for (const state of ['', ' ']) expect(taxSplitFor(from(state), 'Goa')).to.equal('gst');
  });

  it('leaves a tax that is not split alone', () => {
    expect(taxSplitFor(from('Goa', 'none'), 'Kerala')).to.equal('none');
  });
});
