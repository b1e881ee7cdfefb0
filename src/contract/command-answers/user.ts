import { z } from 'zod';
import { Session } from '../auth.ts';
import { Id } from '../primitives.ts';
import { User } from '../users.ts';

/** A change that signs somebody out says of how many sessions. */
const SignedOut = User.extend({ endedSessions: z.int() });

export const userAnswers = {
  'user create': User,
  'user set': User,
  /** A new PIN in the place of another signs them out. */
  'user set-pin': SignedOut,
  'user list': z.array(User),
  'user set-role': User,
  'user reset-password': SignedOut,
  'user disable': SignedOut,
  'user enable': User,
  'user sessions': z.array(Session),
  'user revoke': z.strictObject({ userId: Id, endedSessions: z.int() }),
} as const satisfies Record<string, z.ZodType>;
