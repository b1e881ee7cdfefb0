/** What is wrong with the configuration, in a sentence with its mend. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** The disk of the home is full: a sentence with its mend. Exit code 6. */
export class DiskFullError extends Error {
  override name = 'DiskFullError';
}

/** Why a place can't be written, as the error of whoever tried: `mend` is what helps unless its disk is full. */
export function unwritable(place: string, error: unknown, mend: string): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new DiskFullError(
      `${place} can't be written, for its disk is full: free some room, and try again.`,
    );
  return new ConfigError(`${place} can't be written (${message}). ${mend}`);
}
