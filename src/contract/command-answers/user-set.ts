import { z } from 'zod';
import { User } from '../users.ts';

/** What the commands that change a person print with `--json`. */
export const userSetAnswers = {
  'user set': User,
  /** A new PIN in the place of another signs them out. */
  'user set-pin': User.extend({ endedSessions: z.int() }),
} as const satisfies Record<string, z.ZodType>;
