import { AnotherServerError } from '../app.ts';
import type { Config } from '../config.ts';
import { readServerFile } from '../server-file.ts';
import { isServiceOf } from '../systemd.ts';
import { RefusedError } from './exit-codes.ts';
import { ownUrl } from './server-address.ts';

/**
 * Throws where a server of this home runs already, before anything is made or brought up to date. With Redis several may run on it.
 * What is stopping has taken its file away, and is waited for by the lock on the database.
 */
export function requireNoneRunning(config: Pick<Config, 'home' | 'redisUrl'>, isDemo: boolean): void {
  const server = config.redisUrl === undefined ? readServerFile(config.home) : undefined;
  // Without them, its number may be any other program's by now: the lock on the database tells.
  if (!server || server.startTicks === null) return;
  const where = `already at ${ownUrl(server)} (process ${server.pid}).`;
  if (isDemo)
    throw new RefusedError(
      `The demo runs ${where} Open that address, or stop it with Ctrl-C in its window. For a second one beside it, name another folder: smoocho start --demo --home /tmp/second-demo`,
    );
  const stop = isServiceOf(config.home)
    ? 'Stop it with: sudo systemctl stop smoocho'
    : `Stop it with Ctrl-C where it was started, or with: kill ${server.pid}`;
  // Not refused, which the systemd unit takes for final: whoever started the other one by hand may stop it.
  throw new AnotherServerError(`Smoocho runs ${where} ${stop}`);
}
