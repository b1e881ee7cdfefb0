import type { Device as DeviceView } from '../../contract/devices.ts';
import type { Shop } from '../shops/shop.entity.ts';
import type { Device } from './device.entity.ts';

/** A device as the wire shows it; never its token's hash. */
export function viewDevice(device: Device): DeviceView {
  return {
    id: device.id,
    shopId: device.shopId,
    name: device.name,
    series: device.series ?? null,
    pairedAt: device.pairedAt.toISOString(),
    lastSeenAt: device.lastSeenAt.toISOString(),
    revokedAt: device.revokedAt?.toISOString() ?? null,
    version: device.version,
  };
}

/** A code that pairs one device, as it is shown once. */
export type PairingCode = { code: string; name: string; expiresAt: Date };

export const viewPairingCode = ({ code, name, expiresAt }: PairingCode) => ({
  code,
  name,
  expiresAt: expiresAt.toISOString(),
});

/** A device that was just paired: the only time that its token is known. */
export type Paired = { device: Device; deviceToken: string; shop: Shop };

export function viewPaired({ device, deviceToken, shop }: Paired) {
  const { id, name, code, currency, timezone } = shop;
  return { device: viewDevice(device), deviceToken, shop: { id, name, code, currency, timezone } };
}
