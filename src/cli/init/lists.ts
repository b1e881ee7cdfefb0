import { countryCodes, countryName, currencyName, currencyOf } from '../../contract/countries.ts';
import { isUsableCurrency, usableCurrencies } from '../../contract/currencies.ts';
import { allZones, machineCountry, zonesOf } from '../../contract/zones.ts';
import type { Listed } from './ask.ts';

const byName = (a: Listed, b: Listed) => a.name.localeCompare(b.name, 'en');

/** Countries by name, with their codes and currencies to be found by. */
export const countryList = (): Listed[] =>
  countryCodes
    .map((value) => {
      const currency = currencyOf(value) as string;
      const name = `${countryName(value)} (${value}, ${currency})`;
      return isUsableCurrency(currency)
        ? { value, name }
        : { value, name, disabled: '(amounts with three decimals are not known here yet)' };
    })
    .sort(byName);

export const currencyList = (): Listed[] =>
  usableCurrencies.map((value) => ({ value, name: `${value} · ${currencyName(value)}` })).sort(byName);

/** Zones, those of the country first. */
export function zoneList(country: string | undefined): Listed[] {
  const own = country === undefined ? [] : zonesOf(country);
  return [...new Set([...own, ...allZones()])].map((value) => ({ value, name: value }));
}

/** A machine that was not told where it is has UTC; most who set one up so are in India. */
const USUAL_COUNTRY = 'IN';

/** The country of this machine's time zone. */
export const likelyCountry = (): string => machineCountry() ?? USUAL_COUNTRY;
