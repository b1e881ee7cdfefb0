import { ProblemError } from '../../contract/problem.ts';
import { ImagesLockedError } from '../../database/images-lock.ts';
import { ImageRefusedError, StoreUnavailableError } from '../../storage/errors.ts';

/** Converts image and store errors to problems for the client; returns any other error unchanged. */
export function imageProblem(error: unknown): unknown {
  if (error instanceof ImageRefusedError) return new ProblemError('image_refused', { detail: error.message });
  if (error instanceof StoreUnavailableError)
    return new ProblemError('images_unavailable', { detail: error.message });
  if (error instanceof ImagesLockedError) return new ProblemError('too_busy', { detail: error.message });
  return error;
}
