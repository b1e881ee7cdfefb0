/** What a script can tell from the exit code; docs/commands.md has the table for people. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  notInitialised: 3,
  checkFoundProblems: 4,
  databaseUnreachable: 5,
  refused: 6,
} as const;

/** Wrong usage that the option parser can't know of, in a sentence. Exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** A check found problems, which the message names. Exit code 4. */
export class CheckError extends Error {
  override name = 'CheckError';
}

/** Refused, for it would lose something. Exit code 6. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}
