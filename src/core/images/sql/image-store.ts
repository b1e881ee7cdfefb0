import type { EntityManager } from '@mikro-orm/postgresql';
import type { Client } from 'pg';
import type { ImageStoreKind } from '../../../config.ts';
import { queryRow } from '../../../database/query.ts';

type Row = { kind: ImageStoreKind | null };

/** Where the pictures of this installation are; null before the first one. */
export const readImageStore = async (em: EntityManager): Promise<ImageStoreKind | null> =>
  (await queryRow<Row>(em, 'SELECT image_store AS kind FROM setup')).kind;

const FIX_STORE = 'UPDATE setup SET image_store = coalesce(image_store, $1) RETURNING image_store AS kind';

/** With the first picture it is fixed where all of them are; gives where, which may be what another server has just said. */
export const fixImageStore = async (
  em: EntityManager,
  kind: ImageStoreKind,
): Promise<ImageStoreKind | null> => (await queryRow<Row>(em, FIX_STORE, [kind])).kind;

/** Says to every process that the pictures are there from now on. */
export async function switchImageStore(client: Client, kind: ImageStoreKind): Promise<void> {
  await client.query('UPDATE setup SET image_store = $1', [kind]);
}
