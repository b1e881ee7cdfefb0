/**
 * The State codes of India's GST as a GSTIN begins with them (CGST Rules 2017, rule 10 (1) (a); the common portal's list of States,
 * after the census of 2011), each with its name and what else people type for it: the letters of ISO 3166-2:IN, those of number plates,
 * former names and former codes. 26 took 25 in when the two territories became one (Act 44 of 2019), 37 took the place of 28 when
 * Telangana was parted from it (Act 6 of 2014). 97 is what belongs to no State, such as the sea.
 */
const STATES: readonly [code: string, name: string, ...others: string[]][] = [
  ['01', 'Jammu and Kashmir', 'JK', 'J&K'],
  ['02', 'Himachal Pradesh', 'HP'],
  ['03', 'Punjab', 'PB'],
  ['04', 'Chandigarh', 'CH'],
  ['05', 'Uttarakhand', 'UK', 'UT', 'UA', 'Uttaranchal'],
  ['06', 'Haryana', 'HR'],
  ['07', 'Delhi', 'DL', 'New Delhi', 'NCT of Delhi'],
  ['08', 'Rajasthan', 'RJ'],
  ['09', 'Uttar Pradesh', 'UP'],
  ['10', 'Bihar', 'BR'],
  ['11', 'Sikkim', 'SK'],
  ['12', 'Arunachal Pradesh', 'AR'],
  ['13', 'Nagaland', 'NL'],
  ['14', 'Manipur', 'MN'],
  ['15', 'Mizoram', 'MZ'],
  ['16', 'Tripura', 'TR'],
  ['17', 'Meghalaya', 'ML'],
  ['18', 'Assam', 'AS'],
  ['19', 'West Bengal', 'WB'],
  ['20', 'Jharkhand', 'JH'],
  ['21', 'Odisha', 'OD', 'OR', 'Orissa'],
  ['22', 'Chhattisgarh', 'CG', 'CT', 'Chattisgarh'],
  ['23', 'Madhya Pradesh', 'MP'],
  ['24', 'Gujarat', 'GJ'],
  [
    '26',
    'Dadra and Nagar Haveli and Daman and Diu',
    'DH',
    'DN',
    'DD',
    'DNHDD',
    '25',
    'Daman and Diu',
    'Dadra and Nagar Haveli',
  ],
  ['27', 'Maharashtra', 'MH'],
  ['29', 'Karnataka', 'KA'],
  ['30', 'Goa', 'GA'],
  ['31', 'Lakshadweep', 'LD', 'Lakshadweep Islands'],
  ['32', 'Kerala', 'KL'],
  ['33', 'Tamil Nadu', 'TN'],
  ['34', 'Puducherry', 'PY', 'Pondicherry'],
  ['35', 'Andaman and Nicobar Islands', 'AN', 'Andaman and Nicobar'],
  ['36', 'Telangana', 'TS', 'TG'],
  ['37', 'Andhra Pradesh', 'AP', 'AD', '28'],
  ['38', 'Ladakh', 'LA'],
  ['97', 'Other Territory', 'OT'],
];

/** Where goods go that leave the country; the common portal lists it beside the States. */
const ABROAD = ['96', 'Other Country', 'Foreign Country'] as const;

/** Letters, digits and what may stand between them: a letter of another script or a sign would be passed over, and with it what it says. */
const TYPED = /^\(?[a-z\d]([a-z\d\s&,()-]|(?<=[a-z])\.)*$/i;
/** `2.9` and `2 9` are not 29. */
const PARTED_NUMBER = /\d[^a-z\d]+\d/i;

/** `Tamil Nadu`, `tamilnadu` and `TAMIL-NADU` are one. */
const plain = (text: string) =>
  text
    .toLowerCase()
    .replaceAll('&', 'and')
    .replace(/[^a-z0-9]/g, '');

const names = new Map<string, string>();
const codes = new Map<string, string>();
for (const [code, name, ...others] of [...STATES, ABROAD]) {
  names.set(code, name);
  for (const word of [code, String(Number(code)), name, ...others]) codes.set(plain(word), code);
}

/** Code and name of each State in which a shop can be, by code. */
export const indianStates: readonly { code: string; name: string }[] = STATES.map(([code, name]) => ({
  code,
  name,
}));

/** Where goods go that leave the country: a place of supply, and no State of a shop. */
export const ABROAD_CODE = ABROAD[0];

/** The name of a State by its code, `Maharashtra` of `27`; undefined for anything else. */
export const indianStateName = (code: string): string | undefined => names.get(code);

/** `Maharashtra (27)`, for people. */
export const describeIndianState = (code: string): string => `${names.get(code) ?? 'State'} (${code})`;

/**
 * The two-digit code of a State, however it is typed: `27`, `MH`, `IN-MH`, `maharashtra`, or with both as the common portal writes it,
 * `27-Maharashtra`. Undefined for what is none, and for a code and a name that contradict each other.
 */
export function indianStateOf(typed: string): string | undefined {
  const text = typed.trim();
  if (!TYPED.test(text) || PARTED_NUMBER.test(text)) return undefined;
  const whole = plain(text);
  const known = codes.get(whole) ?? codes.get(whole.replace(/^in/, ''));
  if (known !== undefined) return known;
  const [, first = '', name = '', last = ''] = /^(\d{1,2})?([a-z]+)(\d{1,2})?$/.exec(whole) ?? [];
  const code = codes.get(first || last);
  return code !== undefined && codes.get(name) === code && !(first && last) ? code : undefined;
}
