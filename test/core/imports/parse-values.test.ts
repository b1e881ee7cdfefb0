import { expect } from 'chai';
import fc from 'fast-check';
import {
  type DecimalSign,
  multiply,
  parseAmount,
  parseQuantity,
  paymentMethodOf,
  quantitySign,
} from '../../../src/core/imports/parse-values.ts';
import { createFigureReader } from '../../../src/core/imports/read-figures.ts';

describe('reading amounts', () => {
  const amounts: [text: string, decimal: DecimalSign, minor: number][] = [
    ['12', '.', 1200],
    ['12.5', '.', 1250],
    ['1.500', '.', 150],
    ['.50', '.', 50],
    ['0', '.', 0],
    ['-0', '.', 0],
    ['-4.20', '.', -420],
    ['−4.20', '.', -420],
    ['4.20-', '.', -420],
    ['($4.20)', '.', -420],
    ['-$4.20', '.', -420],
    ['$-4.20', '.', -420],
    ['$4', '.', 400],
    ['$ 1,234.50', '.', 123450],
    ['₹ 1,234.50', '.', 123450],
    ['₹12,34,567.50', '.', 123456750],
    ['Rs. 250', '.', 25000],
    ['250 INR', '.', 25000],
    ['US$3.10', '.', 310],
    ["CHF 1'234.50", '.', 123450],
    ['1,20 €', ',', 120],
    ['1,20\u00a0€', ',', 120],
    ['1\u202f234,50 €', ',', 123450],
    ['1.234,50', ',', 123450],
    ['1.234', ',', 123400],
    ['1,234', '.', 123400],
    ['99999999.99', '.', 9_999_999_999],
  ];
  for (const [text, decimal, minor] of amounts) {
    it(`"${text}" with ${decimal} is ${minor}`, () => {
      expect(parseAmount('price', text, decimal, 2)).to.deep.equal({ value: minor });
    });
  }

  const faults: [text: string, decimal: DecimalSign, fault: string][] = [
    ['', '.', 'price is missing'],
    ['  ', '.', 'price is missing'],
    ['-', '.', 'price "-" is no amount'],
    ['NaN', '.', 'price "NaN" is no amount'],
    ['1e3', '.', 'price "1e3" is no amount'],
    ['0x10', '.', 'price "0x10" is no amount'],
    ['12.', '.', 'price "12." is no amount'],
    ['1.2.3', '.', 'price "1.2.3" is no amount'],
    ['1,20 €', '.', 'price "1,20 €" is no amount (with --decimal , it is one)'],
    ['12 34', '.', 'price "12 34" is no amount'],
    ['0,234', '.', 'price "0,234" is no amount'],
    ['1,23,45', '.', 'price "1,23,45" is no amount'],
    ['1234,567', '.', 'price "1234,567" is no amount'],
    ['12 pcs', '.', 'price "12 pcs" is no amount'],
    ['--5', '.', 'price "--5" is no amount'],
    ['(5', '.', 'price "(5" is no amount'],
    ['4.161', '.', 'price "4.161" has more than two decimals'],
    ['0.001', '.', 'price "0.001" has more than two decimals'],
    ['1,234', ',', 'price "1,234" has more than two decimals'],
    ['100000000', '.', 'price "100000000" is beyond 99999999.99'],
    ['9'.repeat(60), '.', `price "${'9'.repeat(60)}" is beyond 99999999.99`],
    [`1${' '.repeat(100_000)}1`, '.', `price "1${' '.repeat(63)}…" is no amount`],
  ];
  for (const [text, decimal, fault] of faults) {
    it(`"${text.slice(0, 20)}" with ${decimal}: ${fault.slice(0, 60)}`, () => {
      expect(parseAmount('price', text, decimal, 2)).to.deep.equal({ fault });
    });
  }

  it('reads back whatever is written with separators and a sign', () => {
    const property = fc.property(
      fc.integer({ min: -9_999_999_999, max: 9_999_999_999 }),
      fc.constantFrom('en-US', 'en-IN', 'de-DE', 'fr-FR', 'de-CH'),
      (minor, locale) => {
        const format = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 });
        const text = format.format(minor / 100);
        const decimal = format.formatToParts(1.5).find(({ type }) => type === 'decimal')?.value;
        expect(parseAmount('price', text, decimal as DecimalSign, 2)).to.deep.equal({ value: minor });
      },
    );
    fc.assert(property);
  });
});

describe('reading quantities', () => {
  const quantities: [text: string, decimal: DecimalSign, milli: number | string][] = [
    ['1', '.', 1000],
    ['0.250', '.', 250],
    ['0,25', ',', 250],
    ['-2', '.', -2000],
    ['1,000', '.', 1_000_000],
    ['0.2505', '.', 'quantity "0.2505" has more than three decimals'],
    ['2 kg', '.', 'quantity "2 kg" is no number'],
    ['$2', '.', 'quantity "$2" is no number'],
    ['two', '.', 'quantity "two" is no number'],
    ['', '.', 'quantity is missing'],
    ['1e999', '.', 'quantity "1e999" is no number'],
    ['1000000000', '.', 'quantity "1000000000" is beyond 999999999.999'],
  ];
  for (const [text, decimal, expected] of quantities) {
    it(`"${text}" with ${decimal} is ${expected}`, () => {
      const result = parseQuantity(text, decimal);
      expect(result.fault ?? result.value).to.equal(expected);
    });
  }
});

describe('the decimal sign of a quantity column', () => {
  const columns: [samples: string[], given: DecimalSign, expected: DecimalSign][] = [
    [['1.0', '2.0', '1.500'], ',', '.'],
    [['1', '0,250'], '.', ','],
    [['1', '2', '1.500'], ',', ','],
    [['1', 'x', ''], '.', '.'],
    [[], ',', ','],
  ];
  for (const [samples, given, expected] of columns) {
    it(`of ${samples.join(' ') || 'nothing'} is ${expected} when prices have ${given}`, () => {
      expect(quantitySign(samples, given)).to.equal(expected);
    });
  }
});

describe('quantity, price and total of a row', () => {
  const rows: [quantity: string, price: string | undefined, total: string | undefined, expected: string][] = [
    ['2', '1.50', undefined, '2000 x 150 = 300'],
    ['0.333', '9.99', undefined, '333 x 999 = 333'],
    ['0.5', '0.01', undefined, '500 x 1 = 1'],
    ['3', '0', undefined, '3000 x 0 = 0'],
    ['3', undefined, '4.50', '3000 x 150 = 450'],
    ['0.5', undefined, '1.25', '500 x 250 = 125'],
    ['3', undefined, '10', 'total is no multiple of the quantity: it gives no exact unit price'],
    ['2', '5', '10', '2000 x 500 = 1000'],
    ['2', '5', '9', 'total is 9.00, but price times quantity is 10.00'],
    ['0', '5', undefined, 'quantity is 0'],
    ['-1', '5', undefined, 'quantity -1 is negative (--allow-returns makes it a refund)'],
    ['1', '-5', undefined, 'price -5 is negative'],
    ['1', undefined, '-5', 'total is negative'],
    ['', '', undefined, 'quantity is missing; price is missing'],
    ['999999999', '99999999.99', undefined, 'price times quantity is beyond 99999999.99'],
  ];
  for (const [quantity, price, total, expected] of rows) {
    it(`${quantity || 'nothing'} at ${price ?? 'no price'}, total ${total ?? 'none'}: ${expected}`, () => {
      const read = createFigureReader({ decimal: '.', allowReturns: false, digits: 2 });
      const { value, fault } = read(quantity, price, total);
      const shown = value && `${value.quantityMilli} x ${value.priceMinor} = ${value.totalMinor}`;
      expect(shown ?? fault).to.equal(expected);
    });
  }

  it('takes what comes back when that is allowed, with a total of either sign', () => {
    const read = createFigureReader({ decimal: '.', allowReturns: true, digits: 2 });
    const back = { priceMinor: 500, quantityMilli: 2000, totalMinor: 1000, isReturn: true };
    expect(read('-2', '5', undefined).value).to.deep.equal(back);
    expect(read('-2', undefined, '-10').value).to.deep.equal(back);
    expect(read('-2', undefined, '10').value).to.deep.equal(back);
    expect(read('0', '5', undefined).fault).to.equal('quantity is 0');
    expect(read('-1', '-5', undefined).fault).to.equal('price -5 is negative');
  });

  it('reckons in whole amounts where the currency has no others', () => {
    const read = createFigureReader({ decimal: '.', allowReturns: false, digits: 0 });
    const none = "has decimals, and the shop's currency has none";
    expect(read('1', '498.50', undefined).fault).to.equal(`price "498.50" ${none}`);
    expect(read('1', undefined, '0.01').fault).to.equal(`total "0.01" ${none}`);
    expect(read('0.125', '100.00', undefined).value).to.include({ priceMinor: 100_00, totalMinor: 13_00 });
    expect(read('2', undefined, '5').fault).to.equal(
      'total is no multiple of the quantity: it gives no exact unit price',
    );
    expect(multiply(9_999_999_900, 1000, 0)).to.equal(9_999_999_900);
    expect(multiply(9_999_999_900, 1006, 0)).to.equal(undefined);
  });

  it('rounds half up as whole numbers do', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 9_999_999_999 }),
      fc.integer({ min: 1, max: 999_999_999_999 }),
      (priceMinor, quantityMilli) => {
        const exact = (BigInt(priceMinor) * BigInt(quantityMilli) + 500n) / 1000n;
        const expected = exact > 9_999_999_999n ? undefined : Number(exact);
        expect(multiply(priceMinor, quantityMilli, 2)).to.equal(expected);
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });
});

describe('reading how a bill was paid', () => {
  const words: [text: string, method: string][] = [
    ['Cash', 'cash'],
    ['Espèces', 'cash'],
    ['BAR', 'cash'],
    ['Credit Card', 'card'],
    ['VISA', 'card'],
    ['EC-Karte', 'card'],
    ['UPI', 'upi'],
    ['Google Pay', 'upi'],
    ['Paytm', 'wallet'],
    ['Online', 'other'],
    ['barter', 'other'],
    ['', 'other'],
  ];
  for (const [text, method] of words) {
    it(`"${text}" is ${method}`, () => {
      expect(paymentMethodOf(text)).to.equal(method);
    });
  }
});
