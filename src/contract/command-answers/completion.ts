import { z } from 'zod';

export const completionAnswers = {
  completion: z.strictObject({ shell: z.enum(['bash', 'zsh', 'fish']), script: z.string() }),
} as const satisfies Record<string, z.ZodType>;
