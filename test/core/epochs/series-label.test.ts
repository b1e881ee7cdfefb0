import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import {
  isLabel,
  isYearLabel,
  labelsOf,
  seriesLabel,
  yearsAround,
} from '../../../src/core/epochs/series-label.ts';

const EPOCH = '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55';
const later = (id: string) => ({ id, isFirst: false });

describe('the label of a number series', () => {
  it("is the fiscal year's own in the first epoch of a shop", () => {
    for (const year of ['2627', '2026'])
      expect(seriesLabel({ id: EPOCH, isFirst: true }, year)).to.equal(year);
  });

  it('is made of epoch and fiscal year in later ones, always the same', () => {
    // Printed numbers bear it: it must not change with the program.
    expect(seriesLabel(later(EPOCH), '2627')).to.equal('TSMB');
    expect(seriesLabel(later(EPOCH.toUpperCase()), '2627')).to.equal(seriesLabel(later(EPOCH), '2627'));
    expect(seriesLabel(later(EPOCH), '2728')).to.not.equal(seriesLabel(later(EPOCH), '2627'));
  });

  it('has four symbols that are read as no others, the first a letter: it looks like no year, of whichever style', () => {
    for (let n = 0; n < 2_000; n += 1) {
      const label = seriesLabel(later(randomUUID()), '2627');
      expect(label).to.match(/^[A-HJ-NP-Z][A-HJ-NP-Z2-9]{3}$/);
      expect([isLabel(label), isYearLabel(label)]).to.deep.equal([true, false]);
    }
    for (const year of ['2627', '2026'])
      expect([isLabel(year), isYearLabel(year)]).to.deep.equal([true, true]);
    for (const text of [
      '',
      'C2627',
      'KTQ',
      'KTQXA',
      'ktqx',
      'IABC',
      'OABC',
      'KTQ1',
      'KTQ0',
      '262',
      '2KTQ',
      'K/QX',
    ])
      expect(isLabel(text), text).to.equal(false);
  });

  it('uses every symbol in every place, and few epochs meet', () => {
    const labels = Array.from({ length: 5_000 }, () => seriesLabel(later(randomUUID()), '2627'));
    const usedAt = (place: number) => new Set(labels.map((label) => label[place])).size;
    expect([0, 1, 2, 3].map(usedAt)).to.deep.equal([24, 32, 32, 32]);
    // 5,000 of 786,432 meet 16 times on average; more than 40 times never.
    expect(new Set(labels).size).to.be.above(4_960);
  });

  it('is known of every fiscal year of the century, in both styles', () => {
    const all = labelsOf(later(EPOCH));
    for (const year of ['2000', '0001', '2026', '2627', '2099', '9900'])
      expect(all).to.include(seriesLabel(later(EPOCH), year));
    expect(yearsAround(new Date('2026-05-10T06:30:00Z'))).to.deep.equal([
      '2025',
      '2526',
      '2026',
      '2627',
      '2027',
      '2728',
    ]);
  });
});
