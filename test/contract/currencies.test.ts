import { expect } from 'chai';
import {
  Currency,
  currencyDigits,
  isoDigits,
  mapAmounts,
  NewCashMovement,
  NewOrder,
} from '../../src/contract/index.ts';

const refusalOf = (code: string) => Currency.safeParse(code).error?.issues[0]?.message;

describe('currencies', () => {
  it('have the decimals that ISO 4217 gives them, whatever this Node says', () => {
    const digits = {
      INR: 2,
      EUR: 2,
      HUF: 2,
      IDR: 2,
      COP: 2,
      PKR: 2,
      CLP: 0,
      ISK: 0,
      JPY: 0,
      KRW: 0,
      VND: 0,
      XOF: 0,
    };
    expect(Object.fromEntries(Object.keys(digits).map((code) => [code, isoDigits(code)]))).to.deep.equal(
      digits,
    );
  });

  it('are taken with two decimals or none, in any case', () => {
    expect(['inr', ' JPY ', 'Krw'].map((code) => Currency.parse(code))).to.deep.equal(['INR', 'JPY', 'KRW']);
  });

  it('are refused with three, and so is what no shop sells in', () => {
    for (const code of ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'])
      expect(refusalOf(code), code).to.equal('has three decimals, and amounts here have two at most');
    for (const code of ['XAU', 'XXX', 'DEM', 'ABC', 'CLF'])
      expect(refusalOf(code), code).to.equal('is not a currency of ISO 4217 such as INR');
  });

  it('of a shop that has another one already keep two', () => {
    expect(['IQD', 'HRK', ''].map(currencyDigits)).to.deep.equal([2, 2, 2]);
  });
});

describe('the amounts of a body', () => {
  const id = '0190a0a0-0000-7000-8000-000000000000';

  it('are found wherever they stand, with their pointers, and mapped in a copy', () => {
    const order = NewOrder.parse({
      id,
      items: [
        { productId: id, quantity: 1, unitPrice: '1.50', discount: { type: 'flat', value: '0.50' } },
        { productId: id, quantity: 1, discount: { type: 'percentage', value: '12.5' } },
      ],
      payments: [{ method: 'cash', amount: 2, tendered: '5.25', tip: '0.75' }],
      expectedTotal: '2.00',
    });
    const found: [string, number][] = [];
    const doubled = mapAmounts(NewOrder, order, (minor, pointer) => {
      found.push([pointer, minor]);
      return minor * 2;
    });
    expect(found).to.have.deep.members([
      ['/items/0/unitPrice', 150],
      ['/items/0/discount/value', 50],
      ['/payments/0/amount', 200],
      ['/payments/0/tendered', 525],
      ['/payments/0/tip', 75],
      ['/expectedTotal', 200],
    ]);
    expect(doubled.payments[0]).to.include({ amount: 400, tendered: 1050, tip: 150 });
    expect([doubled.items[1], order.expectedTotal]).to.deep.equal([order.items[1], 200]);
  });

  it('count as such when they are narrowed', () => {
    const movement = NewCashMovement.parse({ id, type: 'in', amount: '1.50', reason: 'float' });
    expect(mapAmounts(NewCashMovement, movement, () => 7).amount).to.equal(7);
  });
});
