import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { Id } from '../../contract/primitives.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { Device } from './device.entity.ts';

/** A device of the shop. With `lock`, nobody else changes it. Throws `not_found`. */
export async function findDevice(
  em: EntityManager,
  shopId: string,
  deviceId: string,
  lock = false,
): Promise<Device> {
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {};
  const device = await em.findOne(Device, { id: deviceId, shopId }, options);
  if (!device) throw new ProblemError('not_found', { detail: 'There is no such device.' });
  return device;
}

/**
 * A device by its id or its name, as people name it on the command line: exactly, else in any case, so that a revoked one is never
 * taken for one in use that is written otherwise. Of several with one name, revoked ones don't count. Throws `not_found`, `invalid_request` (several).
 */
export async function findDeviceByName(em: EntityManager, shopId: string, name: string): Promise<Device> {
  const id = Id.safeParse(name);
  if (id.success) return await findDevice(em, shopId, id.data);
  const all = await em.find(
    Device,
    { shopId, name: { $ilike: name.trim().replace(/[\\%_]/g, '\\$&') } },
    { orderBy: { pairedAt: 'desc', id: 'desc' } },
  );
  const exact = all.filter((device) => device.name === name);
  const named = exact.length > 0 ? exact : all;
  const inUse = named.filter((device) => !device.revokedAt);
  const [device, ...others] = inUse.length > 0 ? inUse : named;
  if (!device) throw new ProblemError('not_found', { detail: `There is no device called ${name}.` });
  if (others.length === 0) return device;
  const ids = [device, ...others].map((each) => each.id).join(', ');
  throw fieldProblem('invalid_request', '/device', `is called ${name} like others: say which id. ${ids}`);
}

const LIST_IDS = `
  SELECT id, to_char(paired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM devices
  WHERE shop_id = $1 AND ($2::timestamptz IS NULL OR (paired_at, id) < ($2, $3::uuid))
  ORDER BY paired_at DESC, id DESC LIMIT $4`;

/** A page of devices, newest first; revoked ones too. */
export async function listDevices(
  em: EntityManager,
  shopId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<Page<Device>> {
  const [at, id] = readCursor(cursor, ['timestamp', 'uuid']) ?? [null, null];
  const rows = await query<{ id: string; at: string }>(em, LIST_IDS, [shopId, at, id, limit + 1]);
  const page = cutPage(
    rows,
    limit,
    (row) => [row.at, row.id],
    (row) => row.id,
  );
  const found = await em.find(Device, { shopId, id: { $in: page.data } });
  const devices = new Map(found.map((device) => [device.id, device]));
  return { ...page, data: page.data.map((deviceId) => devices.get(deviceId) as Device) };
}
