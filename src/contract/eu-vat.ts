/**
 * VAT of the member states in per cent: the standard rate (Council Directive 2006/112/EC, Articles 96 and 97), then the reduced ones
 * (Articles 98 and 98a, 110 to 122 for those below 5), the highest first. Which goods have which rate is each state's own law. Changed
 * lately: Finland 13.5 for 14 and Lithuania 12 for 9 from 2026-01-01, Romania 21 and 11 from 2025-08-01, Estonia 24 from 2025-07-01,
 * Slovakia 23, 19 and 5 from 2025-01-01. Regions with rates of their own (Madeira, the Azores, Corsica, the Greek islands) are not here.
 * Looked up, as those of the other templates, on 2026-11-30.
 */
export const euVat: Readonly<Record<string, readonly string[]>> = {
  AT: ['20', '13', '10'],
  BE: ['21', '12', '6'],
  BG: ['20', '9'],
  CY: ['19', '9', '5', '3'],
  CZ: ['21', '12'],
  DE: ['19', '7'],
  DK: ['25'],
  EE: ['24', '13', '9'],
  ES: ['21', '10', '4'],
  FI: ['25.5', '13.5', '10'],
  FR: ['20', '10', '5.5', '2.1'],
  GR: ['24', '13', '6'],
  HR: ['25', '13', '5'],
  HU: ['27', '18', '5'],
  IE: ['23', '13.5', '9', '4.8'],
  IT: ['22', '10', '5', '4'],
  LT: ['21', '12', '5'],
  LU: ['17', '14', '8', '3'],
  LV: ['21', '12', '5'],
  MT: ['18', '12', '7', '5'],
  NL: ['21', '9'],
  PL: ['23', '8', '5'],
  PT: ['23', '13', '6'],
  RO: ['21', '11'],
  SE: ['25', '12', '6'],
  SI: ['22', '9.5', '5'],
  SK: ['23', '19', '5'],
};
