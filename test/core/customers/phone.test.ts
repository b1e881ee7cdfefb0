import { expect } from 'chai';
import { ProblemError } from '../../../src/contract/problem.ts';
import { normalizePhone } from '../../../src/core/customers/phone.ts';

describe('phone numbers', () => {
  const numbers: [written: string, country: string, expected: string][] = [
    ['98765 43210', 'IN', '+919876543210'],
    ['098765-43210', 'IN', '+919876543210'],
    ['+91 98765 43210', 'IN', '+919876543210'],
    ['0091 98765 43210', 'IN', '+919876543210'],
    ['91 98765 43210', 'IN', '+919876543210'],
    ['+91 (0) 98765 43210', 'IN', '+919876543210'],
    ['  (+91)98765.43210  ', 'IN', '+919876543210'],
    ['९८७६५ ४३२१०', 'IN', '+919876543210'],
    ['௯௮௭௬௫ ௪௩௨௧௦', 'IN', '+919876543210'],
    ['９８７６５ ４３２１０', 'IN', '+919876543210'],
    ['\u202a+91 98765 43210\u202c', 'IN', '+919876543210'],
    ['+91-98765\u200b43210', 'IN', '+919876543210'],
    ['(080) 2222 3333', 'IN', '+918022223333'],
    ['+1 (212) 555-0100', 'IN', '+12125550100'],
    ['+91 98765 43210', '', '+919876543210'],
    ['0091 98765 43210', '', '+919876543210'],
    ['+91 98765 43210', 'ZZ', '+919876543210'],
    ['212-555-0100', 'US', '+12125550100'],
    ['011 91 98765 43210', 'US', '+919876543210'],
    ['020 7946 0958', 'GB', '+442079460958'],
    ['+44 (0)20 7946 0958', 'IN', '+442079460958'],
    ['0551234567', 'AE', '+971551234567'],
    ['06 1234 5678', 'IT', '+390612345678'],
  ];
  for (const [written, country, expected] of numbers) {
    it(`${written} in ${country || 'no country'} is ${expected}`, () => {
      expect(normalizePhone(written, country, '/phone')).to.equal(expected);
    });
  }

  it('are taken as they are once they are normal', () => {
    for (const [, country, expected] of numbers) {
      expect(normalizePhone(expected, country, '/phone')).to.equal(expected);
    }
  });

  const garbage: [written: string, country: string][] = [
    ['98765 43210', ''],
    ['98765 43210', 'ZZ'],
    ['12345', 'IN'],
    ['100', 'IN'],
    ['0', 'IN'],
    ['+', 'IN'],
    ['', 'IN'],
    ['hello', 'IN'],
    ['call 98765 43210 now', 'IN'],
    ['9876543210;9876543211', 'IN'],
    ['9876543210, 9876543211', 'IN'],
    ['+91 98765 43210 ext 12', 'IN'],
    ['+919876543210123456', 'IN'],
    ['+999 1234567', 'IN'],
    ['9'.repeat(30), 'IN'],
    ['asha@example.com', 'IN'],
    ["'; DROP TABLE customers", 'IN'],
    ['1-800-FLOWERS', 'US'],
    ['98765 43210', '__proto__'],
  ];
  for (const [written, country] of garbage) {
    it(`${written || 'nothing'} in ${country || 'no country'} is none`, () => {
      expect(() => normalizePhone(written, country, '/customerPhone'))
        .to.throw(ProblemError)
        .that.deep.includes({ code: 'invalid_request' })
        .and.has.nested.property('errors[0].pointer', '/customerPhone');
    });
  }

  it('say what is missing', () => {
    const of = (written: string, country: string) => () => normalizePhone(written, country, '/phone');
    expect(of('12', 'IN')).to.throw('is not a phone number like +91 98765 43210');
    expect(of('98765 43210', '')).to.throw('is not a phone number with its country like +91 98765 43210');
  });
});
