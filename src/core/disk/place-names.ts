import type { DiskPlace } from './disk-reader.ts';

/** What lies on a disk, as people call it. */
export const placeNames: Record<DiskPlace, string> = {
  home: 'home',
  database: 'database',
  images: 'pictures',
  backups: 'backups',
};

/** In a sentence: `the home`. */
export const inSentence = (place: DiskPlace): string => `the ${placeNames[place]}`;
