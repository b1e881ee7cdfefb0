/** The database can't be had: one sentence that says why, with what to do about it. Exit code 5. */
export class DatabaseUnreachableError extends Error {
  override name = 'DatabaseUnreachableError';
}

/** The home can't be used by the user that PostgreSQL runs as: one sentence with its mend. Exit code 5. */
export class HomeUnreachableError extends Error {
  override name = 'HomeUnreachableError';
}

/** The database is one that this program should not be run on, or its data are gone. Exit code 6. */
export class DatabaseRefusedError extends Error {
  override name = 'DatabaseRefusedError';
}

/** PostgreSQL runs, and refuses the password of its role. Exit code 5. */
export class WrongPasswordError extends DatabaseUnreachableError {
  override name = 'WrongPasswordError';
}
