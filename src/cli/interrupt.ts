/** Whether a prompt was cancelled with Ctrl-C. */
export const isInterrupt = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ExitPromptError';

/** A prompt that was cancelled, with what to say instead of the usual sentence. */
export class Interrupted extends Error {
  override name = 'ExitPromptError';
}

/** What to print after Ctrl-C at a question. */
export const interruptMessage = (error: Error): string =>
  error instanceof Interrupted ? error.message : 'Stopped; nothing was changed.';
