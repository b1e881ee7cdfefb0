import { z } from 'zod';
import { Id, Timestamp, text, Version } from './primitives.ts';
import { defineRoute } from './route.ts';
import { NewShop, Shop } from './shops.ts';
import { Email, Password, Pin, Role, User } from './users.ts';

const PairedDevice = z.strictObject({ id: Id, token: z.string().min(1).max(200) });

/** A paired device sends its token, and is called what the shop calls it; any other says its own id and name. */
const LoginDevice = z.union([PairedDevice, z.strictObject({ id: text(100), name: text(100) })]);

const Login = z.strictObject({
  email: Email,
  // No minimum here: a short password is a wrong one, not a malformed one.
  password: z.string().min(1).max(128),
  device: LoginDevice.optional(),
});
export type Login = z.output<typeof Login>;

const PinLogin = z.strictObject({
  userId: Id,
  // No form here: what is no PIN is a wrong one.
  pin: z.string().min(1).max(16),
  device: PairedDevice,
});
export type PinLogin = z.output<typeof PinLogin>;

const Tokens = z.strictObject({
  accessToken: z.string(),
  refreshToken: z.string(),
  /** Seconds that the access token is valid for. */
  expiresIn: z.int(),
});

const SignedIn = Tokens.extend({ user: User, shops: z.array(Shop) });
export type SignedIn = z.output<typeof SignedIn>;

/**
 * With an owner's or manager's token: a staff member of `shopId` (default: one's own shop). Without a token, and only
 * while there is no owner: the first owner, with the one-use setup token, and the first shop if `shop` is given.
 */
const Register = z.strictObject({
  email: Email,
  name: text(255),
  password: Password,
  pin: Pin.optional(),
  role: Role.optional(),
  shopId: Id.optional(),
  setupToken: z.string().max(200).optional(),
  shop: NewShop.optional(),
});
export type Register = z.output<typeof Register>;

const Profile = z.strictObject({
  name: text(255).optional(),
  email: Email.optional(),
  password: Password.optional(),
  /** Null takes it away. */
  pin: Pin.nullable().optional(),
  /** Asked for when e-mail, password or PIN change. */
  currentPassword: z.string().min(1).max(128).optional(),
  version: Version.optional(),
});
export type ProfileChange = z.output<typeof Profile>;

/** Where somebody is signed in. */
export const Session = z.strictObject({
  id: Id,
  deviceId: z.string().nullable(),
  deviceName: z.string().nullable(),
  address: z.string().nullable(),
  createdAt: Timestamp,
  lastSeenAt: Timestamp,
  /** Whatever happens: from then on one signs in anew. */
  expiresAt: Timestamp,
  /** The one that asks. */
  isCurrent: z.boolean(),
});
export type SessionView = z.output<typeof Session>;

export const login = defineRoute({
  name: 'login',
  summary: 'Sign in with e-mail and password',
  method: 'post',
  path: '/api/auth/login',
  permission: 'nobody',
  repeat: 'secret',
  body: Login,
  responses: { 200: SignedIn },
  problems: ['wrong_credentials', 'device_refused', 'too_many_requests', 'too_busy'],
});

export const pinLogin = defineRoute({
  name: 'pinLogin',
  summary: 'Sign in with a PIN, on a paired device',
  method: 'post',
  path: '/api/auth/pin',
  permission: 'nobody',
  repeat: 'secret',
  body: PinLogin,
  responses: { 200: SignedIn },
  problems: ['wrong_credentials', 'device_refused', 'too_many_requests', 'too_busy'],
});

export const listPinPeople = defineRoute({
  name: 'listPinPeople',
  summary: 'Who can sign in with a PIN on this paired device, by name',
  method: 'post',
  path: '/api/auth/pin/people',
  permission: 'nobody',
  repeat: 'nothing',
  body: z.strictObject({ device: PairedDevice }),
  responses: {
    200: z.strictObject({ data: z.array(z.strictObject({ id: Id, name: z.string(), role: Role })) }),
  },
  problems: ['device_refused'],
});

const Refresh = z.strictObject({
  refreshToken: z.string().min(1).max(200),
  /**
   * Random, kept by the client from before it asks until it has the answer: who lost the answer brings it again, who copied
   * the token can't. Without it, both look alike.
   */
  attempt: z
    .string()
    .regex(/^[\w-]{16,64}$/, 'is not 16 to 64 letters, digits, - and _')
    .optional(),
});
export type Refresh = z.output<typeof Refresh>;

export const refresh = defineRoute({
  name: 'refresh',
  summary:
    'Trade a refresh token for new tokens; again, with the same attempt and until those are used, for the same',
  method: 'post',
  path: '/api/auth/refresh',
  permission: 'nobody',
  repeat: 'secret',
  body: Refresh,
  responses: { 200: Tokens },
  problems: ['unauthenticated'],
});

export const register = defineRoute({
  name: 'register',
  summary: 'Add a staff member, or claim a new installation with its setup token',
  method: 'post',
  path: '/api/auth/register',
  permission: 'nobody',
  repeat: 'key',
  // Ignore the access token beside a setup token: a client may still send one from an earlier installation.
  tokenUnless: 'setupToken',
  body: Register,
  responses: { 201: z.strictObject({ user: User, shop: Shop.nullable() }) },
  problems: [
    'unauthenticated',
    'forbidden',
    'setup_refused',
    'not_found',
    'already_exists',
    'too_many_requests',
    'too_busy',
  ],
});

export const logout = defineRoute({
  name: 'logout',
  summary: 'End this session',
  method: 'post',
  path: '/api/auth/logout',
  permission: 'any',
  repeat: 'nothing',
  responses: { 204: null },
  problems: [],
});

export const listSessions = defineRoute({
  name: 'listSessions',
  summary: 'Where I am signed in, newest first',
  method: 'get',
  path: '/api/auth/sessions',
  permission: 'any',
  responses: { 200: z.strictObject({ data: z.array(Session), nextCursor: z.null() }) },
  problems: [],
});

export const endSession = defineRoute({
  name: 'endSession',
  summary: 'Sign out elsewhere: that session ends at once, its sockets close',
  method: 'delete',
  path: '/api/auth/sessions/:sessionId',
  permission: 'any',
  params: z.strictObject({ sessionId: Id }),
  responses: { 204: null },
  problems: ['not_found'],
});

export const getProfile = defineRoute({
  name: 'getProfile',
  summary: 'Who am I, and which shops are mine',
  method: 'get',
  path: '/api/auth/profile',
  permission: 'any',
  responses: { 200: z.strictObject({ user: User, shops: z.array(Shop) }) },
  problems: [],
});

export const updateProfile = defineRoute({
  name: 'updateProfile',
  summary: 'Change my name, e-mail, password or PIN; another password signs out everywhere else',
  method: 'put',
  path: '/api/auth/profile',
  permission: 'any',
  body: Profile,
  responses: { 200: User },
  problems: ['wrong_credentials', 'already_exists', 'version_conflict', 'too_many_requests', 'too_busy'],
});
