import { expect } from 'chai';
import { formatChange, formatMoney, thousandthsOf } from '../../src/cli/output/format.ts';

describe('figures as people read them', () => {
  it('change in per cent is exact, rounded half up', () => {
    const changes: [now: string, before: string, change: string][] = [
      ['0.30', '0.10', '+200.0%'],
      ['90.00', '100.00', '-10.0%'],
      ['100.05', '100.00', '+0.1%'],
      ['100.04', '100.00', '0.0%'],
      ['99.95', '100.00', '-0.1%'],
      ['0.00', '100.00', '-100.0%'],
      ['2', '3', '-33.3%'],
      ['0.5', '0.250', '+100.0%'],
      ['-5.00', '-10.00', '+50.0%'],
      ['-0.50', '0.50', '-200.0%'],
      ['90071992547409.93', '90071992547409.92', '0.0%'],
      ['1.00', '0.00', '–'],
    ];
    for (const [now, before, change] of changes) {
      expect([now, before, formatChange(now, before)]).to.deep.equal([now, before, change]);
    }
  });

  it('have the decimals of their currency, and all that were stored', () => {
    const shown = [
      ['498.00', 'JPY'],
      ['-1234567.00', 'KRW'],
      ['100.50', 'CLP'],
      ['498.00', 'INR'],
      ['1234567.50', 'INR'],
      ['498.00', ''],
    ].map(([amount, currency]) => formatMoney(amount as string, currency as string));
    expect(shown).to.deep.equal(['498', '-1,234,567', '100.50', '498.00', '12,34,567.50', '498.00']);
  });

  it('decimal text is reckoned with in whole thousandths', () => {
    expect([thousandthsOf('-0.50'), thousandthsOf('12'), thousandthsOf('0.250')]).to.deep.equal([
      -500n,
      12_000n,
      250n,
    ]);
  });
});
