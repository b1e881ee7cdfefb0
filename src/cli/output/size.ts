import { formatCount } from './format.ts';

/** Formats bytes as `0.3 MB` or `1,240 MB`. */
export const formatSize = (bytes: number): string =>
  `${formatCount(bytes < 10_000_000 ? Math.max(0.1, Math.round(bytes / 100_000) / 10) : Math.round(bytes / 1_000_000))} MB`;
