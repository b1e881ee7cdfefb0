import { z } from 'zod';
import { Id, Timestamp, text, Version } from './primitives.ts';
import { written } from './written.ts';

/** Roles from the least to the greatest. */
export const roles = ['cashier', 'manager', 'owner'] as const;
export const Role = z.enum(roles);
export type Role = z.output<typeof Role>;

/** True when `role` may do what needs at least `least`. */
export const isAtLeast = (role: Role, least: Role) => roles.indexOf(role) >= roles.indexOf(least);

/** Blanks around it are trimmed. */
const EMAIL_PATTERN = z.regexes.email.source.replace(/^\^(.*)\$$/, '^\\s*(?:$1)\\s*$');

export const Email = z
  .string()
  .max(255)
  .trim()
  .toLowerCase()
  .pipe(z.email('is not an e-mail address'))
  .register(written, { type: 'string', maxLength: 255, pattern: EMAIL_PATTERN });

/** An owner can do everything, so an owner's password is longer. */
export const PASSWORD_MIN = 8;
export const OWNER_PASSWORD_MIN = 12;

/**
 * Length only, no composition rules (NIST SP 800-63B). What an owner needs, and which ones are too well known, is looked at
 * when one is set.
 */
export const Password = z
  .string()
  .min(PASSWORD_MIN, `is shorter than ${PASSWORD_MIN} characters`)
  .max(128, 'is longer than 128 characters');

export const User = z.strictObject({
  id: Id,
  email: z.string(),
  name: z.string(),
  role: Role,
  shopId: Id.nullable(),
  /** Whether a PIN was set, for quick changes at a paired device. */
  hasPin: z.boolean(),
  /** Since when this person can't sign in any more. */
  disabledAt: Timestamp.nullable(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type User = z.output<typeof User>;

/** Digits to type at a counter; only good on a paired device. */
export const Pin = z.string().regex(/^\d{4,8}$/, 'is not a PIN of 4 to 8 digits');

export const NewUser = z.strictObject({
  email: Email,
  name: text(255),
  role: Role,
  password: Password,
  pin: Pin.optional(),
});
export type NewUser = z.output<typeof NewUser>;

/** A manager or owner who stands by and allows what the cashier may not do alone. */
export const Approval = z.strictObject({
  email: Email,
  // No minimum here: a short password is a wrong one, not a malformed one.
  password: z.string().min(1).max(128),
});
export type Approval = z.output<typeof Approval>;

export const UserChange = z
  .strictObject({
    name: text(255),
    email: Email,
    role: Role,
    /** A new one: whoever is signed in as this person is signed out, and the PIN is gone unless there is a new one too. */
    password: Password,
    /** Null takes the PIN away. */
    pin: Pin.nullable(),
    isDisabled: z.boolean(),
    version: Version,
  })
  .partial();
export type UserChange = z.output<typeof UserChange>;
