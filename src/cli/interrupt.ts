/** Whether a prompt was cancelled with Ctrl-C. */
export const isInterrupt = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ExitPromptError';

/** A prompt that was cancelled, with what to say instead of the usual sentence. */
export class Interrupted extends Error {
  override name = 'ExitPromptError';
}

const STOPPED = 'Stopped; nothing was changed.';

/** What to print after Ctrl-C at a question. */
export const interruptMessage = (error: Error): string =>
  error instanceof Interrupted ? error.message : STOPPED;

const stopping = new AbortController();

/** Ends the question that is open as Ctrl-C at it does, and those that would follow: this process was told to stop. */
export const endQuestions = (): void => stopping.abort();

/** Whether `endQuestions` was called. */
export const isStopping = (): boolean => stopping.signal.aborted;

type PromptSignal = { signal: AbortSignal };

/** Asks one question, which also ends when `leaving` is aborted. Throws Interrupted after `endQuestions`. */
export async function untilInterrupted<T>(
  prompt: (context: PromptSignal) => Promise<T>,
  leaving?: AbortSignal,
): Promise<T> {
  const { signal } = stopping;
  try {
    return await prompt({ signal: leaving ? AbortSignal.any([signal, leaving]) : signal });
  } catch (error) {
    throw signal.aborted ? new Interrupted(STOPPED) : error;
  }
}
