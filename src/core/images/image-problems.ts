import { ProblemError } from '../../contract/problem.ts';
import { DatabaseUnreachableError } from '../../database/errors.ts';
import { ImagesLockedError } from '../../database/images-lock.ts';
import { ImageRefusedError, StoreUnavailableError } from '../../storage/errors.ts';

const NO_CONNECTION = 'The database has no connection left for a picture. Try again in a few seconds.';

/** Converts image and store errors to problems for the client; returns any other error unchanged. */
export function imageProblem(error: unknown): unknown {
  if (error instanceof ImageRefusedError) return new ProblemError('image_refused', { detail: error.message });
  if (error instanceof StoreUnavailableError)
    return new ProblemError('images_unavailable', { detail: error.message });
  if (error instanceof ImagesLockedError) return new ProblemError('too_busy', { detail: error.message });
  // The images lock opens a connection of its own.
  if (error instanceof DatabaseUnreachableError)
    return new ProblemError('too_busy', { detail: NO_CONNECTION });
  return error;
}
