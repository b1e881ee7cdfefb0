/** Whether a prompt was cancelled with Ctrl-C. */
export const isInterrupt = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ExitPromptError';
