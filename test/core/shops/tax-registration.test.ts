import { expect } from 'chai';
import type { SettingsValues } from '../../../src/contract/settings.ts';
import {
  checkTaxRegistration,
  readStoredTax,
  requirePlaceOfSupply,
  storedPlaceOfSupply,
} from '../../../src/core/shops/tax-registration.ts';
import { taxSplitFor } from '../../../src/pricing/index.ts';

const MUMBAI = '27ABCPE1234F1ZB';
const BENGALURU = '29ABCPE1234F1Z7';

const taxed = (registrationNumber = '', state = '', country = 'IN', split: 'none' | 'gst' = 'gst') => ({
  country,
  tax: {
    mode: 'inclusive',
    split,
    classes: [],
    defaultClass: '',
    registrationNumber,
    state,
  } as SettingsValues['tax'],
});
const refusal = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    const { errors } = error as { errors: { pointer: string; detail: string }[] };
    return [errors[0]?.pointer, errors[0]?.detail];
  }
  return undefined;
};
const check = (before: ReturnType<typeof taxed>, after: ReturnType<typeof taxed>) => {
  const { registrationNumber, state } = checkTaxRegistration(before, after);
  return [registrationNumber, state];
};

describe('the registration of a shop', () => {
  it('brings the State, which follows it', () => {
    expect(check(taxed(), taxed('27abcpe1234f1zb'))).to.deep.equal([MUMBAI, '27']);
    expect(check(taxed(MUMBAI, '27'), taxed(BENGALURU, '27'))).to.deep.equal([BENGALURU, '29']);
    expect(check(taxed(), taxed(MUMBAI, 'Maharashtra'))).to.deep.equal([MUMBAI, '27']);
    // To take the number away leaves the State; to take the State away takes it from the number.
    expect(check(taxed(MUMBAI, '27'), taxed('', '27'))).to.deep.equal(['', '27']);
    expect(check(taxed(MUMBAI, '27'), taxed(MUMBAI, ''))).to.deep.equal([MUMBAI, '27']);
    expect(check(taxed(), taxed('', 'mh'))).to.deep.equal(['', '27']);
    // The composition levy splits nothing, and has a GSTIN.
    expect(check(taxed(), taxed(MUMBAI, '', 'IN', 'none'))).to.deep.equal([MUMBAI, '27']);
  });

  it('is refused with a State that contradicts it, and says which', () => {
    const both = 'Set tax.state=27, or the GSTIN that the shop has in Karnataka (29).';
    expect(refusal(() => check(taxed(MUMBAI, '27'), taxed(MUMBAI, 'KA')))).to.deep.equal([
      '/tax/state',
      `is Karnataka (29), and the GSTIN is one of Maharashtra (27). ${both}`,
    ]);
    expect(refusal(() => check(taxed('', '29'), taxed(MUMBAI, '29')))).to.deep.equal([
      '/tax/registrationNumber',
      `is one of Maharashtra (27), and tax.state is Karnataka (29). ${both}`,
    ]);
    expect(refusal(() => check(taxed(), taxed('27ABCPE1234F1ZC')))?.[0]).to.equal('/tax/registrationNumber');
    expect(refusal(() => check(taxed(), taxed('', 'Bombay')))?.[0]).to.equal('/tax/state');
    expect(refusal(() => check(taxed(), taxed('', '96')))?.[0]).to.equal('/tax/state');
  });

  it('that an older version took stands in the way of nothing else', () => {
    const old = taxed('X1', 'Bombay');
    expect(check(old, { ...old, tax: { ...old.tax, mode: 'exclusive' } })).to.deep.equal(['X1', 'Bombay']);
    expect(check(old, taxed('X1', 'Maharashtra'))).to.deep.equal(['X1', '27']);
    expect(refusal(() => check(old, taxed('X2', 'Bombay')))?.[0]).to.equal('/tax/registrationNumber');
    // As it was typed, where it is understood.
    expect(readStoredTax(taxed('', 'MH')).state).to.equal('27');
    expect(readStoredTax(taxed(MUMBAI)).state).to.equal('27');
    expect(readStoredTax(taxed('X1', 'Bombay'))).to.include({ state: 'Bombay', registrationNumber: 'X1' });
  });

  it('is free text in other countries, until the shop is in India', () => {
    const swiss = taxed('CHE-123.456.789 MWST', 'MH', 'CH', 'none');
    expect(check(taxed('', '', 'CH', 'none'), swiss)).to.deep.equal(['CHE-123.456.789 MWST', 'MH']);
    expect(readStoredTax(swiss)).to.deep.equal(swiss.tax);
    expect(storedPlaceOfSupply(swiss, 'MH')).to.equal('MH');
    expect(refusal(() => requirePlaceOfSupply(swiss, 'anywhere'))).to.equal(undefined);
    expect(refusal(() => check(swiss, taxed('CHE-123.456.789 MWST', 'MH')))?.[0]).to.equal(
      '/tax/registrationNumber',
    );
  });

  it('tells a sale within the State from one to another, however both are typed', () => {
    const ways = ['27', 'MH', 'Maharashtra', 'maharashtra ', '27-Maharashtra', 'IN-MH'];
    for (const state of ways)
      for (const place of ways) {
        const { tax } = { tax: readStoredTax(taxed('', state)) };
        expect(taxSplitFor(tax, storedPlaceOfSupply(taxed(), place)), `${state} to ${place}`).to.equal('gst');
        expect(taxSplitFor({ split: 'gst', state }, place), `${state} to ${place}`).to.equal('gst');
        expect(taxSplitFor(tax, storedPlaceOfSupply(taxed(), 'KA'))).to.equal('igst');
      }
    expect(refusal(() => requirePlaceOfSupply(taxed(), 'Bombay'))?.[0]).to.equal('/placeOfSupply');
    // A sale that was made offline is a fact.
    expect(storedPlaceOfSupply(taxed(), 'Bombay')).to.equal('Bombay');
  });
});
