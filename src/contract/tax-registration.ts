import { compactGstin, findGstinFault, stateOfGstin } from './gstin.ts';
import { ABROAD_CODE, describeIndianState, indianStateOf } from './indian-states.ts';

type Taxed = { country: string; tax: { split: 'none' | 'gst' } };

/** Whether a shop's registration number is a GSTIN and its State one of India: by its country, or by its tax where that is not set. */
export const isIndianTax = ({ country, tax }: Taxed): boolean =>
  country === 'IN' || (country === '' && tax.split === 'gst');

type Read = { value: string; fault?: undefined } | { value?: undefined; fault: string };

/** A registration number as it is kept, or what is wrong with it as the end of a sentence. Empty: not registered. */
export function readTaxNumber(isIndian: boolean, typed: string): Read {
  const text = typed.trim().replace(/\s+/g, ' ');
  if (text === '') return { value: '' };
  if (isIndian) {
    const gstin = compactGstin(text);
    const fault = findGstinFault(gstin);
    return fault === undefined ? { value: gstin } : { fault };
  }
  // Each country has a form of its own: letters and digits, with the signs that they are printed with.
  return /^[\p{L}\p{N} .,:/\\()+_-]+$/u.test(text) && /\p{N}/u.test(text)
    ? { value: text }
    : { fault: 'is not a registration number: it has digits, letters and signs such as - or / in it' };
}

const STATES = 'a State of India: take its GST code such as 27, its letters MH, or its name Maharashtra';

/** The State of an Indian shop as its code. Empty: not known. */
export function readIndianState(typed: string): Read {
  if (typed.trim() === '') return { value: '' };
  const code = indianStateOf(typed);
  return code === undefined || code === ABROAD_CODE ? { fault: `is not ${STATES}` } : { value: code };
}

/** Where the goods of an Indian shop go as a code, `96` abroad. Empty: within the shop's State. */
export function readPlaceOfSupply(typed: string): Read {
  if (typed.trim() === '') return { value: '' };
  const code = indianStateOf(typed);
  return code === undefined
    ? { fault: `is not ${STATES}; or ${describeIndianState(ABROAD_CODE)} where the goods leave India` }
    : { value: code };
}

/** The State code that an Indian registration number stands for; undefined for one that is no GSTIN. */
export function stateOfTaxNumber(number: string): string | undefined {
  const gstin = compactGstin(number);
  return findGstinFault(gstin) === undefined ? stateOfGstin(gstin) : undefined;
}
