/**
 * Why an archive can't be used. `damaged`: bytes are missing or changed; `foreign`: not an archive of this
 * program; `locked`: no available key opens it; `newer`: a later version made it.
 */
export type ArchiveFault = 'damaged' | 'foreign' | 'locked' | 'newer';

/** An archive can't be used; the message says why and what to do. */
export class ArchiveError extends Error {
  override name = 'ArchiveError';
  readonly fault: ArchiveFault;
  constructor(fault: ArchiveFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.fault = fault;
  }
}

/** Refused before anything was changed: no space, another process at work, a running server. Exit code 6. */
export class BackupRefusedError extends Error {
  override name = 'BackupRefusedError';
  /** Another process is at work; try again later. */
  readonly isBusy: boolean;
  constructor(message: string, { isBusy = false, cause }: { isBusy?: boolean; cause?: unknown } = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.isBusy = isBusy;
  }
}

/** The database has tables that this version can't back up. A restore keeps them: see `restoreBackup`. */
export class UnknownTablesError extends BackupRefusedError {
  override name = 'UnknownTablesError';
}
