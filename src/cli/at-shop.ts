import { type App, systemContext } from '../app.ts';
import { ProblemError } from '../contract/problem.ts';
import type { Context, SystemActor } from '../core/context.ts';
import { findShopByCode } from '../core/shops/find-shops.ts';
import type { Shop } from '../core/shops/shop.entity.ts';
import type { Shell } from './command.ts';

/** A shop, and the context in which a command works there. */
export type AtShop = { app: App; shop: Shop; context: Context<SystemActor> };

/** Opens the program and runs `work` in the shop of `--shop`. Throws as `findShopByCode` does. */
export const atShop = <T>(shell: Shell, code: unknown, work: (at: AtShop) => Promise<T>): Promise<T> =>
  shell.withApp(async (app) => {
    const context = systemContext(app, 'cli');
    const shop = await findShopByCode(context.em, code as string | undefined);
    return await work({ app, shop, context });
  });

/** Somebody else may change the same thing between two of our statements; that they do so five times in a row is a fault. */
const TRIES = 5;

type Versioned = { version: number };

/**
 * Changes what was read, and nothing later: `write` gets what was read and sends its version. When somebody else was faster it is
 * read again, so that "before" is what the change replaced. Each try has a context of its own. A change that names the version it
 * was made against (`ownVersion`) is tried once.
 */
export async function changeRead<Before extends Versioned, After>(
  { app }: Pick<AtShop, 'app'>,
  read: (context: Context<SystemActor>) => Promise<Before>,
  write: (context: Context<SystemActor>, before: Before) => Promise<After>,
  ownVersion?: number,
): Promise<{ before: Before; after: After }> {
  for (let tried = 1; ; tried += 1) {
    const before = await read(systemContext(app, 'cli'));
    try {
      return { before, after: await write(systemContext(app, 'cli'), before) };
    } catch (error) {
      if (!isConflict(error) || ownVersion !== undefined || tried === TRIES) throw error;
    }
  }
}

const isConflict = (error: unknown) => error instanceof ProblemError && error.code === 'version_conflict';
