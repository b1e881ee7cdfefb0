import { countryCodes } from './countries.ts';

/** `Intl` has some zones under names that the IANA database gave up years ago; people look for these. */
const NEW_NAMES: Record<string, string> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

/** Where most people of a country with several zones live. */
const MAIN: Record<string, string> = {
  AR: 'America/Argentina/Buenos_Aires',
  AU: 'Australia/Sydney',
  BR: 'America/Sao_Paulo',
  CA: 'America/Toronto',
  CD: 'Africa/Kinshasa',
  CL: 'America/Santiago',
  CN: 'Asia/Shanghai',
  CY: 'Asia/Nicosia',
  DE: 'Europe/Berlin',
  EC: 'America/Guayaquil',
  ES: 'Europe/Madrid',
  FM: 'Pacific/Pohnpei',
  GL: 'America/Nuuk',
  ID: 'Asia/Jakarta',
  KI: 'Pacific/Tarawa',
  KZ: 'Asia/Almaty',
  MH: 'Pacific/Majuro',
  MN: 'Asia/Ulaanbaatar',
  MX: 'America/Mexico_City',
  MY: 'Asia/Kuala_Lumpur',
  NZ: 'Pacific/Auckland',
  PF: 'Pacific/Tahiti',
  PG: 'Pacific/Port_Moresby',
  PS: 'Asia/Hebron',
  PT: 'Europe/Lisbon',
  RU: 'Europe/Moscow',
  UA: 'Europe/Kyiv',
  US: 'America/New_York',
  UZ: 'Asia/Tashkent',
};

const modern = (zone: string): string => NEW_NAMES[zone] ?? zone;

/** What TypeScript's library doesn't know of yet. */
type WithZones = Intl.Locale & { getTimeZones?(): string[] | undefined };

/** A country's zones, by their names of today, its main one first; empty for a country that `Intl` knows none of. */
export function zonesOf(country: string): string[] {
  const zones = (new Intl.Locale(`und-${country}`) as WithZones).getTimeZones?.() ?? [];
  const main = MAIN[country];
  const names = zones.map(modern);
  return main === undefined ? names : [main, ...names.filter((zone) => zone !== main)];
}

/** All zones by their names of today. */
export const allZones = (): string[] => [...Intl.supportedValuesOf('timeZone').map(modern), 'UTC'].sort();

const formerNames = new Map(Object.entries(NEW_NAMES).map(([former, name]) => [name, former]));

/** The name that `Intl` may have for a zone, here and in browsers, if that is an older one. */
export const formerNameOf = (zone: string): string | undefined => formerNames.get(zone);

/** This machine's zone. */
export const machineZone = (): string => modern(Intl.DateTimeFormat().resolvedOptions().timeZone);

/** The country of this machine's zone; undefined where that is none's, such as UTC. */
export function machineCountry(): string | undefined {
  const zone = machineZone();
  return countryCodes.find((country) => zonesOf(country).includes(zone));
}
