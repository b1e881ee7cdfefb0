/**
 * Decimals of each currency in use: ISO 4217, list one (six-iso-4217.org). A table, because `Intl` has the customary digits
 * of CLDR, which change from one version of Node to the next. Without funds, metals and test codes.
 */
const byDigits = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP
    CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS
    KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
    PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
    TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
} as const;

const digits = new Map(
  Object.entries(byDigits).flatMap(([places, codes]) =>
    codes.split(/\s+/).map((code) => [code, Number(places)] as const),
  ),
);

/** Whether a shop can have it: amounts here have two decimals at most. */
export const isUsableCurrency = (currency: string): boolean => (digits.get(currency) ?? 3) <= 2;

/** The currencies that a shop can have, sorted. */
export const usableCurrencies: readonly string[] = [...digits.keys()].filter(isUsableCurrency).sort();

/** Decimals by ISO 4217; undefined for a code that isn't on its list of currencies in use. */
export const isoDigits = (currency: string): number | undefined => digits.get(currency);

/** Decimals of a shop's amounts: 0 or 2. Tables and the API always have two places. */
export type Digits = 0 | 2;

/** Decimals of a shop's amounts; 2 for a currency that is no longer on the list. */
export const currencyDigits = (currency: string): Digits => (digits.get(currency) === 0 ? 0 : 2);

/** The smallest amount with these decimals, in minor units: 1, or 100 without decimals, since one yen is stored as 1.00. */
export const smallestMinor = (places: Digits): 1 | 100 => (places === 0 ? 100 : 1);
