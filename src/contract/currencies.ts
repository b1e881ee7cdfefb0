/**
 * Decimals of each currency in use: ISO 4217, list one (six-iso-4217.org). A table, because `Intl` has the digits that
 * CLDR finds customary, and those change from one version of Node to the next. Funds, metals and test codes are no
 * currency that a shop sells in.
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

/** As ISO 4217 has it; undefined for what is not on its list of currencies in use. */
export const isoDigits = (currency: string): number | undefined => digits.get(currency);

/** Decimals that amounts of a shop have: 0, or else 2, as the tables and the wire keep all of them. */
export type Digits = 0 | 2;

/** The decimals of a shop's amounts; 2 for a currency that the list no longer has. */
export const currencyDigits = (currency: string): Digits => (digits.get(currency) === 0 ? 0 : 2);

/** The smallest amount of so many decimals, in minor units: 100, as one yen is kept as 1.00, or 1. */
export const smallestMinor = (places: Digits): 1 | 100 => (places === 0 ? 100 : 1);
