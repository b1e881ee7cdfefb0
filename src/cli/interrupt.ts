/** Ctrl-C at a question, as the prompts throw it. */
export const isInterrupt = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ExitPromptError';
