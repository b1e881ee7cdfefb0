import type { EntityManager } from '@mikro-orm/postgresql';
import { type Config, isDemoHome } from '../../config.ts';
import { queryRow } from '../../database/query.ts';
import { SERVER_PLACE } from '../../database/server-lock.ts';
import { lookAtServerFile, type SeenServerFile } from '../../server-file.ts';
import { isServiceOf } from '../../systemd.ts';
import { version } from '../../version.ts';

/** The server that has run longest on a database, by its lock; null when none does. */
type Running = { since: Date; isElsewhere: boolean } | null;

export type ServerFacts = {
  running: Running;
  /** What `server.json` of the home says; null without one. */
  file: Pick<
    SeenServerFile,
    'pid' | 'startedAt' | 'version' | 'home' | 'isRunning' | 'isOfThisHome' | 'path'
  > | null;
  installedVersion: string;
  /** Whether systemd has a unit of ours, of this home. */
  isService: boolean;
  /** Several servers may share the database. */
  hasRedis: boolean;
  /** Whether there is something to lose: see `isInUse`. */
  isInUse: boolean;
  isDemo: boolean;
};

export const readServerFacts = (
  { home, redisUrl }: Pick<Config, 'home' | 'redisUrl'>,
  running: Running,
  isInUse: boolean,
): ServerFacts => ({
  running,
  file: lookAtServerFile(home) ?? null,
  installedVersion: version,
  isService: isServiceOf(home),
  hasRedis: redisUrl !== undefined,
  isInUse,
  isDemo: isDemoHome(home),
});

export async function findRunning(em: EntityManager): Promise<Running> {
  const { since, isElsewhere } = await queryRow<{ since: number | null; isElsewhere: boolean }>(
    em,
    SERVER_PLACE,
  );
  return since === null ? null : { since: new Date(since), isElsewhere };
}
