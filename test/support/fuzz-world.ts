import type { Route } from '../../src/contract/route.ts';
import { isAtLeast, type Role, roles } from '../../src/contract/users.ts';
import { givenPerson, type World } from './world.ts';

/** Ids that requests are made from. */
export type Ids = {
  /** Of the attacked shop, by the field that holds one. */
  byField: Record<string, string[]>;
  own: string[];
  elsewhere: string[];
  cursors: string[];
  positions: string[];
};

/** The tables that fields name rows of. */
const tables: Record<string, string> = {
  productId: 'products',
  variantId: 'product_variants',
  modifierIds: 'modifiers',
  inventoryItemId: 'inventory_items',
  itemId: 'inventory_items',
  orderId: 'orders',
  lineId: 'order_lines',
  shiftId: 'shifts',
  customerId: 'customers',
  deviceId: 'devices',
  userId: 'users',
};
/** Enough to meet the same one again, few enough to be looked up quickly. */
const PER_TABLE = 8;

export async function idsOf({ db, shop }: World, other: World): Promise<Ids> {
  const newest = async (table: string, shopId: string): Promise<string[]> => {
    const { rows } = await db.query(
      `SELECT id::text FROM ${table} WHERE shop_id = $1 ORDER BY id DESC LIMIT ${PER_TABLE}`,
      [shopId],
    );
    return rows.map(({ id }) => id);
  };
  const byField: Record<string, string[]> = { shopId: [shop.id] };
  const elsewhere = [other.shop.id];
  for (const [field, table] of Object.entries(tables)) {
    byField[field] = await newest(table, shop.id);
    elsewhere.push(...(await newest(table, other.shop.id)));
  }
  const { rows } = await db.query('SELECT epoch, seq::int FROM shop_heads WHERE shop_id = $1', [shop.id]);
  const [{ epoch, seq }] = rows;
  const cursors = await Promise.all(
    ['/orders', '/products', '/inventory'].map(async (list) => {
      const { body } = await shop.manager.get(`${shop.path}${list}?limit=1`);
      return body.nextCursor as string;
    }),
  );
  return {
    byField,
    own: [...new Set(Object.values(byField).flat())],
    elsewhere,
    cursors: cursors.filter(Boolean),
    positions: [`${epoch}:${seq}`, `${epoch}:0`, `${epoch}:${seq + 100}`],
  };
}

/** Somebody who sends a request. */
export type Caller = {
  who: string;
  role: Role | null;
  /** Where they may do what their role may. */
  shopId: string | null;
  authorization: string | null;
  isForged?: boolean;
};

/** What is said in place of a token. */
const forged = [
  ...[
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Basic Og==',
    'bearer null',
    'Bearer undefined',
    'x',
    'Bearer a b',
    'Digest x',
  ],
  `Bearer ${'x'.repeat(6_000)}`,
  // {"alg":"none"} {"sub":"…"}
  'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIwMTkwYTAwMC0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAifQ.',
  'Bearer eyJhbGciOiJIUzI1NiJ9.e30.e30',
  'Bearer ....',
  'Bearer \u00ff\u00fe',
];

/** New ones, each with a session of their own: what a request does to them disturbs nobody else. */
export async function givenCallers(world: World, other: World): Promise<Caller[]> {
  const callers: Caller[] = [{ who: 'nobody', role: null, shopId: null, authorization: null }];
  for (const role of roles) {
    for (const place of [world, other]) {
      const { accessToken, refreshToken } = await givenPerson(place, role);
      const who = place === world ? `a ${role}` : `a ${role} of another shop`;
      callers.push({ who, role, shopId: place.shop.id, authorization: `Bearer ${accessToken}` });
      if (role !== 'manager') continue;
      const wrong = [
        `Bearer ${refreshToken}`,
        `Bearer ${accessToken}x`,
        `Bearer ${accessToken} ${accessToken}`,
      ];
      callers.push(...wrong.map(forgery));
    }
  }
  return [...callers, ...forged.map(forgery)];
}

const forgery = (authorization: string): Caller => ({
  who: `somebody with ${authorization.slice(0, 40)}`,
  role: null,
  shopId: null,
  authorization,
  isForged: true,
});

/**
 * Whether the route lets the caller in at the shop that the address names, whatever else the request says. Some routes decide
 * by the body: those let everybody in.
 */
export function isLetIn(
  { permission, path }: Route,
  { role, shopId, isForged }: Caller,
  namedId = '',
): boolean {
  // No token is read there, or the body decides whether one is.
  if (permission === 'nobody') return true;
  if (isForged) return false;
  if (role === null) return false;
  if (permission === 'any') return true;
  return isAtLeast(role, permission) && (!path.includes(':shopId') || shopId === namedId.toLowerCase());
}
