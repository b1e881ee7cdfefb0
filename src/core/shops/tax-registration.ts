import { describeIndianState, indianStateOf } from '../../contract/indian-states.ts';
import { fieldProblem } from '../../contract/problem.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import {
  isIndianTax,
  readIndianState,
  readPlaceOfSupply,
  readTaxNumber,
  stateOfTaxNumber,
} from '../../contract/tax-registration.ts';

type Taxed = Pick<SettingsValues, 'country' | 'tax'>;

/**
 * The tax settings as older versions stored them, with an Indian State as its code: the one that is set, else that of the GSTIN. What is
 * not understood stays as it was typed.
 */
export function readStoredTax({ country, tax }: Taxed): SettingsValues['tax'] {
  if (!isIndianTax({ country, tax }) || (tax.state === '' && tax.registrationNumber === '')) return tax;
  const state = (tax.state && indianStateOf(tax.state)) || tax.state;
  return { ...tax, state: state || (stateOfTaxNumber(tax.registrationNumber) ?? '') };
}

/**
 * The tax settings of `after` as they are to be stored. Only what differs from `before` is judged, so that what an older version
 * took stands in the way of nothing. A State that came from the GSTIN follows it. Throws `invalid_request`.
 */
export function checkTaxRegistration(before: Taxed, after: Taxed): SettingsValues['tax'] {
  const isIndian = isIndianTax(after);
  const isAll = isIndian && !isIndianTax(before);
  const isChanged = (field: 'registrationNumber' | 'state') =>
    isAll || before.tax[field] !== after.tax[field];
  const [newNumber, newState] = [isChanged('registrationNumber'), isChanged('state')];
  if (!newNumber && !newState) return after.tax;
  const number = readTaxNumber(isIndian, after.tax.registrationNumber);
  if (newNumber && number.fault)
    throw fieldProblem('invalid_request', '/tax/registrationNumber', number.fault);
  const registrationNumber = number.value ?? after.tax.registrationNumber;
  if (!isIndian) return { ...after.tax, registrationNumber };
  const state = readIndianState(after.tax.state);
  if (newState && state.fault) throw fieldProblem('invalid_request', '/tax/state', state.fault);
  const ofNumber = stateOfTaxNumber(registrationNumber);
  const wanted = state.value ?? after.tax.state;
  const follows = !newState && wanted === stateOfTaxNumber(before.tax.registrationNumber);
  if (ofNumber === undefined) return { ...after.tax, registrationNumber, state: wanted };
  if (wanted !== '' && wanted !== ofNumber && !follows) throw contradiction(wanted, ofNumber, newState);
  return { ...after.tax, registrationNumber, state: ofNumber };
}

function contradiction(state: string, ofNumber: string, isState: boolean) {
  const [typed, registered] = [describeIndianState(state), describeIndianState(ofNumber)];
  const instead = `Set tax.state=${ofNumber}, or the GSTIN that the shop has in ${typed}.`;
  return isState
    ? fieldProblem(
        'invalid_request',
        '/tax/state',
        `is ${typed}, and the GSTIN is one of ${registered}. ${instead}`,
      )
    : fieldProblem(
        'invalid_request',
        '/tax/registrationNumber',
        `is one of ${registered}, and tax.state is ${typed}. ${instead}`,
      );
}

/** The place of supply as it is stored: an Indian State's code, or what was typed if that is none. */
export function storedPlaceOfSupply(settings: Taxed, typed: string | null): string | null {
  const known = typed && isIndianTax(settings) ? readPlaceOfSupply(typed).value : undefined;
  return known || typed || null;
}

/** What is wrong with a place of supply as the end of a sentence; undefined for a State, and where the shop is not in India. */
export const placeOfSupplyFault = (settings: Taxed, typed: string | null | undefined): string | undefined =>
  typed && isIndianTax(settings) ? readPlaceOfSupply(typed).fault : undefined;

/** Throws `invalid_request` for a place of supply that is no State, where the shop is in India. */
export function requirePlaceOfSupply(settings: Taxed, typed: string | null | undefined): void {
  const fault = placeOfSupplyFault(settings, typed);
  if (fault) throw fieldProblem('invalid_request', '/placeOfSupply', fault);
}
