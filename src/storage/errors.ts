/** The store is unreachable, denies access, is full or is not configured. The message is a sentence without secrets. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
  /** From the system (`ECONNREFUSED`, `ENOSPC`), from S3 (`AccessDenied`), or `NotConfigured`. */
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The file is not a usable image. The message is a sentence for the user who chose it. */
export class ImageRefusedError extends Error {
  override name = 'ImageRefusedError';
}
