import type { EntityManager } from '@mikro-orm/postgresql';
import type { Config } from '../config.ts';
import type { AuditActor } from '../contract/events.ts';
import type { Role } from '../contract/users.ts';
import type { StandbyWatch } from '../database/standby-watch.ts';
import type { Bus } from '../redis/bus.ts';
import type { Limits } from '../redis/limits.ts';
import type { Images } from './images/images.ts';
import type { Keys } from './keys/keys.ts';

/** What the actions of the shop need from the program around them. */
export type Services = {
  config: Config;
  /** The clock, passed in so that a test can stop it. */
  now(): Date;
  /** Tells the live feed what to look at; called after the commit. */
  bus: Pick<Bus, 'tell'>;
  /** Signs, seals and hashes; nothing but these functions sees a key. */
  keys: Keys;
  /** Whether commits are confirmed; also for what is found and answered as done. */
  standby: Pick<StandbyWatch, 'confirm' | 'state'>;
  limits: Pick<Limits, 'take' | 'giveBack' | 'count' | 'forget'>;
  /** Where pictures are, and what makes their files. */
  images: Images;
  /** For faults that are answered and still have to be looked into. */
  log: { error(fields: object, message: string): void; warn(fields: object, message: string): void };
};

/** A person with a token. */
export type UserActor = {
  kind: 'user';
  id: string;
  name: string;
  role: Role;
  shopId: string | null;
  sessionId: string;
  deviceId: string | null;
};

/** A program at work, such as the command line: it may do everything and says so in the records. */
export type SystemActor = {
  kind: 'system';
  name: string;
  /** The account of the operating system that ran a command. */
  account?: string | undefined;
};

export type Actor = UserActor | SystemActor;

/** What every action takes first. `em` is a fork of the request's own. */
export type Context<A extends Actor = Actor> = { app: Services; em: EntityManager; actor: A };

export const systemActor = (name: string, account?: string): SystemActor => ({
  kind: 'system',
  name,
  account,
});

/** A command, and the account of the operating system that ran it. */
export const cliActor = ({ operator }: Pick<Config, 'operator'>): SystemActor =>
  systemActor('cli', operator());

/** The actor as records keep it. */
export const eventActor = (actor: Actor): AuditActor => ({
  kind: actor.kind,
  id: actor.kind === 'user' ? actor.id : null,
  name: actor.name,
  ...(actor.kind === 'system' && actor.account !== undefined && { account: actor.account }),
});

/** Who did it, as the tables keep it: nobody when it is a program. */
export const personOf = (actor: Actor) => (actor.kind === 'user' ? actor.id : null);

export const deviceOf = (actor: Actor) => (actor.kind === 'user' ? actor.deviceId : null);
