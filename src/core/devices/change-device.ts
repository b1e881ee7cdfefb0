import type { Device as DeviceView } from '../../contract/devices.ts';
import { recordedActor, recordSecurity } from '../audit/record-security.ts';
import { Session } from '../auth/session.entity.ts';
import { endSessionsOn } from '../auth/session-ends.ts';
import type { Context } from '../context.ts';
import { transact } from '../transact.ts';
import { checkVersion } from '../versions.ts';
import type { Device } from './device.entity.ts';
import { findDevice } from './find-devices.ts';
import { viewDevice } from './view-device.ts';

type Change = { name: string; version?: number | undefined };

/** Renames a device, for those who are signed in on it too. Throws `not_found`, `version_conflict`. */
export async function renameDevice(
  context: Context,
  shopId: string,
  deviceId: string,
  { name, version }: Change,
): Promise<DeviceView> {
  return await transact(context, async ({ em, app, actor }) => {
    const device = await findDevice(em, shopId, deviceId, true);
    checkVersion(version, viewDevice(device));
    const before = device.name;
    device.name = name;
    await em.flush();
    await em.nativeUpdate(Session, sessionsOn(device), { deviceName: name });
    const details = { deviceId, before, after: name };
    const who = recordedActor(actor);
    await recordSecurity(em, { type: 'device_renamed', shopId, at: app.now(), ...who, details });
    return viewDevice(device);
  });
}

/** Revokes a device and ends its sessions at once. Again, it changes nothing. Throws `not_found`. */
export async function revokeDevice(context: Context, shopId: string, deviceId: string): Promise<DeviceView> {
  const revoked = await transact(context, async ({ em, app, actor }) => {
    // Whoever signs in on it holds this row until their session is there: none slips through.
    const device = await findDevice(em, shopId, deviceId, true);
    const isNews = !device.revokedAt;
    device.revokedAt ??= app.now();
    await em.flush();
    await endSessionsOn(em, device.id, app.now());
    const details = { deviceId, name: device.name };
    const who = recordedActor(actor);
    if (isNews) await recordSecurity(em, { type: 'device_revoked', shopId, at: app.now(), ...who, details });
    return viewDevice(device);
  });
  context.app.bus.tell({ kind: 'sessions' });
  return revoked;
}

const sessionsOn = ({ id }: Device) => ({ deviceId: id, endedAt: null });
