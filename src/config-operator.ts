import { userInfo } from 'node:os';

/** Names of the operating system are shorter; those of a directory service may be longer. */
const MAX_LENGTH = 100;

type Who = { uid: number | undefined; name: string };

/** The account that this process runs as. A container may run under a number that has no name. */
function whoRuns(): Who {
  const uid = process.getuid?.();
  try {
    return { uid, name: userInfo().username };
  } catch {
    return { uid, name: `uid ${uid}` };
  }
}

/**
 * The account of the operating system behind a command, as the audit keeps it. Root is nobody in particular: under `sudo` it is
 * the account that called it. Another account may set SUDO_USER itself, so both are named there: `smoocho (sudo: asha)`.
 */
export function findOperator(sudoUser: string | undefined, { uid, name } = whoRuns()): string {
  const by = sudoUser?.trim() || name;
  const operator = uid === 0 || by === name ? by : `${name} (sudo: ${by})`;
  return operator.replaceAll('\0', '').toWellFormed().slice(0, MAX_LENGTH);
}
