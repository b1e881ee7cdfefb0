import { type App, checkReady, isFresh, migrateUp, migrationStatus, systemContext } from '../../app.ts';
import { changeBackupSettings, ensureBackupSettings } from '../../backup/settings.ts';
import { type BackupConfig, type Config, ConfigError, changeConfigFile } from '../../config.ts';
import { ProblemError } from '../../contract/problem.ts';
import { listAllShops } from '../../core/shops/find-shops.ts';
import { readSetUpState, type SetUpState } from '../../core/shops/read-set-up-state.ts';
import { type SetUp, setUpInstallation } from '../../core/shops/set-up-installation.ts';
import { viewShop } from '../../core/shops/view-shop.ts';
import { readServer } from '../../core/status/read-status.ts';
import { listOwners } from '../../core/users/find-user.ts';
import { viewUser } from '../../core/users/view-user.ts';
import { RefusedError } from '../exit-codes.ts';
import { openAppFor, openDatabaseFor } from '../open.ts';

/** What is made of the answers: rows of the database, and settings of the home. */
export type SetUpWork = SetUp & {
  /** Null: the setting stays as it is. */
  imageStore: Config['imageStore'] | null;
  /** Beside the usual settings of backups. */
  backup: Partial<BackupConfig>;
};

export type SetUpResult = {
  home: string;
  /** False when everything was there already. */
  created: boolean;
  /** Whether a server runs on its database, such as in containers. */
  isServed: boolean;
  shops: ReturnType<typeof viewShop>[];
  owners: ReturnType<typeof viewUser>[];
};

/** The steps of setting up, for whoever waits. */
export type SetUpStep = 'database' | 'tables' | 'shop';

/**
 * What is set up so far, without making anything. Throws what stands in the way of going on: SchemaError for a newer or a
 * half-restored database, DatabaseRefusedError, DatabaseUnreachableError, WrongKeyError.
 */
export async function findSetUpState(config: Config): Promise<SetUpState> {
  if (isFresh(config)) return 'nothing';
  const database = await openDatabaseFor(config);
  try {
    const state = await readSetUpState(database.url);
    // What is set up is opened later, with a sentence for whatever is wrong.
    if (state !== 'shop') await checkReady(config, database.url);
    return state;
  } finally {
    await database.release();
  }
}

/** Throws RefusedError for a standby: it has what its primary has, and nothing can be set up in it. */
export async function requirePrimary(config: Config): Promise<void> {
  if (isFresh(config)) return;
  const database = await openDatabaseFor(config);
  try {
    const { isStandby } = await migrationStatus(database.url);
    if (isStandby) throw new RefusedError(NO_SET_UP);
  } finally {
    await database.release();
  }
}

const NO_SET_UP =
  'The database is a standby, in which nothing can be set up. Name the primary in DATABASE_URL, or promote this one first.';

/**
 * Sets an installation up. Each part is done once, whoever is cut off or comes twice: settings of the home first, then the schema,
 * then owner, shop and its settings in one transaction. One that has a shop is left as it is.
 */
export async function setUp(
  config: Config,
  work: SetUpWork,
  onStep: (step: SetUpStep) => void = () => {},
): Promise<SetUpResult> {
  onStep('database');
  const database = await openDatabaseFor(config, { mayMake: true });
  try {
    if ((await readSetUpState(database.url)) === 'shop') return await describeSetUp(config);
    await checkReady(config, database.url);
    keepSettings(config, work);
    onStep('tables');
    await migrateUp(config, database.url, () => {});
    onStep('shop');
    return await fill(config, work);
  } finally {
    await database.release();
  }
}

/** What is set up. Throws what opening it throws. */
export async function describeSetUp(config: Config): Promise<SetUpResult> {
  const app = await openAppFor(config);
  try {
    return { home: config.home, created: false, ...(await whatThereIs(app)) };
  } finally {
    await app.close();
  }
}

async function fill(config: Config, work: SetUpWork): Promise<SetUpResult> {
  const app = await openAppFor(config, { migrate: true });
  try {
    const created = await tryFill(app, work);
    return { home: config.home, created, ...(await whatThereIs(app)) };
  } finally {
    await app.close();
  }
}

/** False when somebody else set it up meanwhile. */
async function tryFill(app: App, work: SetUpWork): Promise<boolean> {
  try {
    await setUpInstallation(systemContext(app, 'cli'), work);
    return true;
  } catch (error) {
    const isTaken = error instanceof ProblemError && error.code === 'setup_refused';
    if (isTaken && (await listAllShops(app.orm.em.fork())).length > 0) return false;
    throw error;
  }
}

/** A file of settings that can't be written, such as one that a container mounts, is no reason to fail when all is as usual. */
function keepSettings({ home }: Config, { imageStore, backup }: SetUpWork): void {
  const isUsual = imageStore === null && Object.keys(backup).length === 0;
  try {
    ensureBackupSettings(home);
    if (isUsual) return;
    if (Object.keys(backup).length > 0) changeBackupSettings(home, backup);
    if (imageStore !== null) changeConfigFile(home, (settings) => ({ ...settings, imageStore }));
  } catch (error) {
    if (!(isUsual && error instanceof ConfigError)) throw error;
  }
}

async function whatThereIs(app: App) {
  const em = app.orm.em.fork();
  const shops = (await listAllShops(em)).map(viewShop);
  const owners = (await listOwners(em)).map(viewUser);
  const { isRunning } = await readServer(em);
  return { isServed: isRunning, shops, owners };
}
