import type { EntityManager } from '@mikro-orm/postgresql';
import type { Client } from 'pg';
import type { ImageStoreKind } from '../../../config.ts';
import { queryRow } from '../../../database/query.ts';

type Row = { kind: ImageStoreKind | null };

/** The store of this installation's images; null before the first one. */
export const readImageStore = async (em: EntityManager): Promise<ImageStoreKind | null> =>
  (await queryRow<Row>(em, 'SELECT image_store AS kind FROM setup')).kind;

const FIX_STORE = 'UPDATE setup SET image_store = coalesce(image_store, $1) RETURNING image_store AS kind';

/** Fixes the store of all images, with the first one; returns the fixed store, which another server may just have set. */
export const fixImageStore = async (
  em: EntityManager,
  kind: ImageStoreKind,
): Promise<ImageStoreKind | null> => (await queryRow<Row>(em, FIX_STORE, [kind])).kind;

/** Switches all processes to this store. */
export async function switchImageStore(client: Client, kind: ImageStoreKind): Promise<void> {
  await client.query('UPDATE setup SET image_store = $1', [kind]);
}
