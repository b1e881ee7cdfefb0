import { z } from 'zod';
import { Id, Timestamp, text, Version } from './primitives.ts';

/** Roles from the least to the greatest. */
export const roles = ['cashier', 'manager', 'owner'] as const;
export const Role = z.enum(roles);
export type Role = z.output<typeof Role>;

/** True when `role` may do what needs at least `least`. */
export const isAtLeast = (role: Role, least: Role) => roles.indexOf(role) >= roles.indexOf(least);

export const Email = z.string().trim().max(255).toLowerCase().pipe(z.email('is not an e-mail address'));

/** Length only, no composition rules (NIST SP 800-63B §5.1.1.2); owners need more, which `createUser` checks. */
export const Password = z
  .string()
  .min(8, 'is shorter than 8 characters')
  .max(128, 'is longer than 128 characters');
export const OWNER_PASSWORD_MIN = 12;

export const User = z.strictObject({
  id: Id,
  email: z.string(),
  name: z.string(),
  role: Role,
  shopId: Id.nullable(),
  version: Version,
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type User = z.output<typeof User>;

export const NewUser = z.strictObject({ email: Email, name: text(255), role: Role, password: Password });
export type NewUser = z.output<typeof NewUser>;

/** A manager or owner who stands by and allows what the cashier may not do alone. */
export const Approval = z.strictObject({
  email: Email,
  // No minimum here: a short password is a wrong one, not a malformed one.
  password: z.string().min(1).max(128),
});
export type Approval = z.output<typeof Approval>;
