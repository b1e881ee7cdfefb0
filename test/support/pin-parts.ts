import { hashPin } from '../../src/core/auth/pin.ts';
import type { TestApp } from './app.ts';
import { type Answer, clientOf } from './client.ts';
import type { PairedDevice } from './device-parts.ts';

export const PIN = '4071';

/** Gives somebody a PIN, without the password that the profile asks for. */
export async function givePin({ app, database }: TestApp, userId: string, pin = PIN): Promise<void> {
  const client = await database.connect();
  const sql = 'UPDATE users SET pin_hash = $2, pin_failures = 0 WHERE id = $1';
  await client.query(sql, [userId, await hashPin(app, userId, pin)]);
  await client.end();
}

export const shownBy = ({ device, deviceToken }: PairedDevice) => ({ id: device.id, token: deviceToken });

/** Signs in by PIN. */
export const pinLogin = (
  { url }: TestApp,
  userId: string,
  pin: string,
  paired: PairedDevice,
): Promise<Answer> => clientOf(url).post('/api/auth/pin', { userId, pin, device: shownBy(paired) });
