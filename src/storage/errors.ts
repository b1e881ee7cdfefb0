/** The store can't be used now: it is away, refuses, is full, or was never named. The message is a sentence without secrets. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
  /** Of the system (`ECONNREFUSED`, `ENOSPC`), of S3 (`AccessDenied`), or `NotConfigured`. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** A file that is no picture that can be used. The message is a sentence for whoever chose it. */
export class ImageRefusedError extends Error {
  override name = 'ImageRefusedError';
}
