import type pg from 'pg';
import { v7 as uuidv7 } from 'uuid';
import { type App, createApp, systemContext, withClient } from '../src/app.ts';
import { demoHome, loadConfig } from '../src/config.ts';
import { newOpaqueToken, signAccessToken } from '../src/core/auth/tokens.ts';
import { createShop } from '../src/core/shops/create-shop.ts';
import { findUserByEmail } from '../src/core/users/find-user.ts';

/** What a socket says when it connects. */
export type Auth = { token: string; shopId: string };

const COPY_CASHIER = `
  INSERT INTO users (id, email, password_hash, name, role, shop_id)
  SELECT $1::uuid, ($1::uuid)::text || '@demo.example', password_hash, name, role, $2 FROM users WHERE email = 'cashier@demo.example'`;

const OPEN_SESSIONS = `
  INSERT INTO sessions (id, user_id, family_hash, refresh_hash, created_at, last_seen_at, expires_at)
  SELECT id, $1, '', hash, now(), now(), now() + interval '1 day'
  FROM unnest($2::uuid[], $3::text[]) AS s (id, hash)`;

/**
 * Makes the demo of `home`, which runs, one shop of a chain, and signs in so many tills in each: a session each, as in
 * life, for the server looks after each of them. The first shop is the demo's.
 */
export async function givenChain(home: string, demoShopId: string, shops: number, tills: number) {
  const app = await createApp(loadConfig({ home: demoHome(home), outerHome: home }, {}));
  try {
    const context = systemContext(app, 'bench');
    const owner = await findUserByEmail(context.em, 'owner@demo.example');
    const shopIds = [demoShopId];
    while (shopIds.length < shops) {
      const code = `BR${String.fromCharCode(64 + shopIds.length)}`;
      const branch = { name: `Branch ${code}`, code, currency: 'INR', timezone: 'Asia/Kolkata' };
      shopIds.push((await createShop(systemContext(app, 'bench'), branch, owner.id)).id);
    }
    return await withClient(app.databaseUrl, async (client) => {
      const auths: Auth[] = [];
      for (const shopId of shopIds) auths.push(...(await signInTills(app, client, shopId, tills)));
      return auths;
    });
  } finally {
    await app.close();
  }
}

async function signInTills(app: App, client: pg.Client, shopId: string, count: number): Promise<Auth[]> {
  const userId = uuidv7();
  await client.query(COPY_CASHIER, [userId, shopId]);
  const sessionIds = Array.from({ length: count }, () => uuidv7());
  await client.query(OPEN_SESSIONS, [userId, sessionIds, sessionIds.map(() => newOpaqueToken().hash)]);
  return sessionIds.map((sessionId) => ({
    token: signAccessToken(app, { userId, sessionId, generation: 1 }),
    shopId,
  }));
}
