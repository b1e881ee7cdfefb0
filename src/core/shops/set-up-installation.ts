import type { EntityManager } from '@mikro-orm/postgresql';
import type { SettingsChange } from '../../contract/settings.ts';
import type { NewShop } from '../../contract/shops.ts';
import { inOneTransaction } from '../after-commit.ts';
import { type Context, cliActor } from '../context.ts';
import { findOwner } from '../users/find-user.ts';
import { buildOwner, claimFor, type Owner } from './claim-installation.ts';
import { createShop } from './create-shop.ts';
import type { Shop } from './shop.entity.ts';
import { updateSettings } from './update-shop.ts';

export type SetUp = {
  shop: NewShop;
  /** What the shop starts with, as `PUT …/settings` takes it. */
  settings: SettingsChange;
  /** Null where there is an owner already, and only the shop is missing. */
  owner: Owner | null;
};

/**
 * The first owner, the first shop and its settings in one transaction: whoever is cut off in it begins anew. Throws `setup_refused`
 * when somebody else was faster, and what its parts throw.
 */
export async function setUpInstallation(
  { app, em }: Pick<Context, 'app' | 'em'>,
  { shop: newShop, settings, owner }: SetUp,
): Promise<void> {
  const user = owner && (await buildOwner({ app, em }, owner, newShop));
  await inOneTransaction(em, async (tx) => {
    const context = { app, em: tx, actor: cliActor(app.config) };
    const shop = user
      ? (await claimFor({ app, em: tx }, user, newShop)).shop
      : await createShop(context, newShop, await soleOwner(tx));
    if (Object.keys(settings).length > 0) await updateSettings(context, (shop as Shop).id, settings);
  });
}

const soleOwner = async (em: EntityManager) => (await findOwner(em, undefined)).id;
