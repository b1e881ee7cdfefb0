import { expect } from 'chai';
import { findGstinFault, gstinCheckCharacter, stateOfGstin } from '../../src/contract/gstin.ts';
import { indianStateName, indianStateOf, indianStates } from '../../src/contract/indian-states.ts';
import { readPlaceOfSupply, readTaxNumber } from '../../src/contract/tax-registration.ts';

// The last one is the example of python-stdnum's documentation, the others have a PAN that was made up.
const RIGHT = ['27ABCPE1234F1ZB', '29ABCPE1234F1Z7', '33ABCPE1234F1ZI', '97ABCPE1234F1Z4', '27AAPFU0939F1ZV'];

describe('GSTIN', () => {
  it('is right with the check character of its other fourteen', () => {
    for (const gstin of RIGHT) {
      expect(findGstinFault(gstin), gstin).to.equal(undefined);
      expect(gstinCheckCharacter(gstin.slice(0, 14))).to.equal(gstin[14]);
      expect(stateOfGstin(gstin)).to.equal(gstin.slice(0, 2));
    }
  });

  it('is refused with any one character mistyped, or two neighbours exchanged', () => {
    const [gstin = ''] = RIGHT;
    for (let at = 0; at < gstin.length; at += 1) {
      for (const other of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ') {
        const typed = gstin.slice(0, at) + other + gstin.slice(at + 1);
        if (typed !== gstin) expect(findGstinFault(typed), typed).to.be.a('string');
      }
      const swapped = gstin.slice(0, at) + (gstin[at + 1] ?? '') + gstin[at] + gstin.slice(at + 2);
      if (swapped !== gstin) expect(findGstinFault(swapped), swapped).to.be.a('string');
    }
  });

  it('is refused in words that say what is wrong with it', () => {
    for (const [typed, words] of [
      ['27ABCPE1234F1Z', 'has 14 characters, and a GSTIN has 15'],
      ['X', 'has 1 character, and'],
      ['00ABCPE1234F1ZB', 'begins with 00, which is no State code'],
      ['96ABCPE1234F1Z6', 'begins with 96, which is no State code'],
      ['MHABCPE1234F1ZB', 'begins with MH, which is no State code'],
      ['27ABCPE12F341ZB', 'is not a GSTIN: two digits of the State'],
      ['27ABCPE1234F0ZB', 'is not a GSTIN'],
      ['27ABCPE1234F1ZC', 'is mistyped somewhere'],
      ['२७ABCPE1234F1ZB', 'is no State code'],
    ] as const)
      expect(findGstinFault(typed), typed).to.include(words);
  });

  it('is kept in capitals and without the spaces in it; elsewhere a number is as it is printed', () => {
    expect(readTaxNumber(true, ' 27 abcpe-1234f 1zb ')).to.deep.equal({ value: '27ABCPE1234F1ZB' });
    expect(readTaxNumber(true, ' ')).to.deep.equal({ value: '' });
    for (const number of [
      'DE123456789',
      'GB 123 4567 89',
      'CHE-123.456.789 MWST',
      '12-3456789',
      'FRXX999999999',
    ])
      expect(readTaxNumber(false, ` ${number}  `), number).to.deep.equal({ value: number });
    for (const wrong of ['not registered', '<b>1</b>', '1\u00072', '--'])
      expect(readTaxNumber(false, wrong).fault, wrong).to.include('is not a registration number');
  });
});

describe('States of India', () => {
  it('are one code however they are typed', () => {
    for (const typed of [
      '27',
      'MH',
      'mh',
      'IN-MH',
      ' maharashtra ',
      '27-Maharashtra',
      'Maharashtra (27)',
      '27 MH',
      'M.H.',
      '(27) Maharashtra',
      '27\u00a0- Maharashtra',
    ])
      expect(indianStateOf(typed), typed).to.equal('27');
    for (const [typed, code] of [
      ['7', '07'],
      ['Tamilnadu', '33'],
      ['J & K', '01'],
      ['Orissa', '21'],
      ['25', '26'],
      ['28', '37'],
      ['Dadra & Nagar Haveli and Daman & Diu', '26'],
    ] as const)
      expect(indianStateOf(typed), typed).to.equal(code);
    for (const { code, name } of indianStates) {
      expect(indianStateOf(name), name).to.equal(code);
      expect(indianStateName(code)).to.equal(name);
    }
    expect(indianStates).to.have.length(37);
  });

  it('are none that contradict themselves, or that nobody knows', () => {
    for (const typed of ['29-Maharashtra', '29-MH', 'Bombay', 'India', '0', '99', '', 'XX', '27-27'])
      expect(indianStateOf(typed), typed).to.equal(undefined);
    for (const typed of [
      '29 केरल',
      'केरल 29',
      '2.9',
      '2 9',
      '2-7',
      '+7',
      '-7',
      '.27',
      'м27',
      '२७',
      '２７',
      '27/29',
      '27?',
      '\u212aL',
    ])
      expect(indianStateOf(typed), typed).to.equal(undefined);
    expect(readPlaceOfSupply('Bombay').fault).to.include('its GST code such as 27');
    expect(readPlaceOfSupply('Foreign Country')).to.deep.equal({ value: '96' });
  });
});
