/**
 * Why an archive can't be used. `damaged`: bytes are missing or were changed; `foreign`: it is no archive of this program;
 * `locked`: no key at hand opens it; `newer`: a later version made it.
 */
export type ArchiveFault = 'damaged' | 'foreign' | 'locked' | 'newer';

/** An archive can't be used; the message is a sentence that says why and what to do. */
export class ArchiveError extends Error {
  override name = 'ArchiveError';
  readonly fault: ArchiveFault;
  constructor(fault: ArchiveFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.fault = fault;
  }
}

/** Refused before anything was done: no room, another one at work, a server that runs. Exit code 6. */
export class BackupRefusedError extends Error {
  override name = 'BackupRefusedError';
  /** Another one is at work, and will be done. */
  readonly isBusy: boolean;
  constructor(message: string, { isBusy = false, cause }: { isBusy?: boolean; cause?: unknown } = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.isBusy = isBusy;
  }
}

/** The database has tables that this version can't keep. Nobody has to lose them for it: see `restoreBackup`. */
export class UnknownTablesError extends BackupRefusedError {
  override name = 'UnknownTablesError';
}
