import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type App, createApp, createLog, openDatabase, requireNoneLost, systemContext } from '../app.ts';
import { ensureBackupSettings } from '../backup/settings.ts';
import type { Config } from '../config.ts';
import type { NewShop } from '../contract/shops.ts';
import { claim, isClaimed, type Owner } from '../core/shops/claim-installation.ts';
import { listAllShops } from '../core/shops/find-shops.ts';
import { isSetUp } from '../core/shops/is-set-up.ts';
import { viewShop } from '../core/shops/view-shop.ts';
import { readServer } from '../core/status/read-status.ts';
import { listOwners } from '../core/users/find-user.ts';
import { viewUser } from '../core/users/view-user.ts';

export type SetUpAnswers = { shop: NewShop; owner: Owner };
export type SetUpResult = {
  home: string;
  /** False when everything was there already. */
  created: boolean;
  /** Whether a server runs on its database, such as in containers. */
  isServed: boolean;
  shops: ReturnType<typeof viewShop>[];
  owners: ReturnType<typeof viewUser>[];
};

/** Whether nothing is set up: no embedded cluster, and no database configured. Throws DatabaseRefusedError if its folder is gone. */
export function isFresh({ databaseUrl, home }: Config): boolean {
  const folder = join(home, 'postgres');
  if (databaseUrl || existsSync(folder)) return false;
  requireNoneLost({ home, data: join(folder, 'data') });
  return true;
}

/** Whether there is no shop yet: a fresh home, or a database whose setup was abandoned. */
export async function needsSetUp(config: Config): Promise<boolean> {
  if (isFresh(config)) return true;
  const database = await openDatabase(config, createLog(config));
  try {
    return !(await isSetUp(database.url));
  } finally {
    await database.release();
  }
}

/**
 * Sets an installation up: schema, first owner, first shop. One that is set up already is left as it is, and nobody is
 * asked: `answers` is called only when they are needed.
 */
export async function setUp(config: Config, answers: () => Promise<SetUpAnswers>): Promise<SetUpResult> {
  const app = await createApp(config, { migrate: true });
  try {
    const created = !(await isClaimed(app.orm.em.fork()));
    if (created) {
      const { shop, owner } = await answers();
      await claim(systemContext(app, 'cli'), owner, shop);
      ensureBackupSettings(config.home);
    }
    return { home: config.home, created, ...(await whatThereIs(app)) };
  } finally {
    await app.close();
  }
}

async function whatThereIs(app: App) {
  const em = app.orm.em.fork();
  const shops = (await listAllShops(em)).map(viewShop);
  const owners = (await listOwners(em)).map(viewUser);
  const { isRunning } = await readServer(em);
  return { isServed: isRunning, shops, owners };
}
