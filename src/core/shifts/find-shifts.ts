import { LockMode } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';
import { ProblemError } from '../../contract/problem.ts';
import { query } from '../../database/query.ts';
import { cutPage, type Page, readCursor } from '../paging.ts';
import { CashMovement, Shift } from './shift.entity.ts';
import type { ShiftParts } from './view-shift.ts';

const oldestFirst = { orderBy: { at: 'asc', id: 'asc' } } as const;

const noSuchShift = () => new ProblemError('not_found', { detail: 'There is no such shift.' });

/** Throws `not_found`. Loads nothing that a later lock would have to read again. */
export async function requireShift(em: EntityManager, shopId: string, id: string): Promise<void> {
  if ((await em.count(Shift, { id, shopId })) === 0) throw noSuchShift();
}

/** A shift by its id, or by the number of its Z report. With `lock`, nobody else changes it. Throws `not_found`. */
export async function findShift(
  em: EntityManager,
  shopId: string,
  which: string | { zNumber: number },
  lock = false,
): Promise<ShiftParts> {
  const key = typeof which === 'string' ? { id: which } : which;
  const options = lock ? { lockMode: LockMode.PESSIMISTIC_WRITE } : {};
  const shift = await em.findOne(Shift, { ...key, shopId }, options);
  if (!shift) throw noSuchShift();
  return { shift, movements: await em.find(CashMovement, { shopId, shiftId: shift.id }, oldestFirst) };
}

/** The drawer's open shift, or null. `deviceId` null is the main drawer. */
export async function findOpenShift(
  em: EntityManager,
  shopId: string,
  deviceId: string | null,
): Promise<ShiftParts | null> {
  const shift = await em.findOne(Shift, { shopId, deviceId, closedAt: null });
  return shift && (await findShift(em, shopId, shift.id));
}

type ListFilter = {
  limit: number;
  cursor?: string | undefined;
  open?: boolean | undefined;
  /** Business dates, both included. */
  from?: string | undefined;
  to?: string | undefined;
};

const LIST_IDS = `
  SELECT id, to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS at
  FROM shifts
  WHERE shop_id = $1
    AND ($2::timestamptz IS NULL OR (opened_at, id) < ($2, $3::uuid))
    AND ($4::boolean IS NULL OR (closed_at IS NULL) = $4)
    AND ($5::date IS NULL OR business_date >= $5)
    AND ($6::date IS NULL OR business_date <= $6)
  ORDER BY opened_at DESC, id DESC LIMIT $7`;

/** A page of shifts, newest first. */
export async function listShifts(
  em: EntityManager,
  shopId: string,
  filter: ListFilter,
): Promise<Page<ShiftParts>> {
  const [at, id] = readCursor(filter.cursor, ['timestamp', 'uuid']) ?? [null, null];
  const { open = null, from = null, to = null, limit } = filter;
  const rows = await query<{ id: string; at: string }>(em, LIST_IDS, [
    shopId,
    at,
    id,
    open,
    from,
    to,
    limit + 1,
  ]);
  const page = cutPage(
    rows,
    limit,
    (row) => [row.at, row.id],
    (row) => row.id,
  );
  const known = { $in: page.data };
  const shifts = new Map((await em.find(Shift, { shopId, id: known })).map((shift) => [shift.id, shift]));
  const movements = await em.find(CashMovement, { shopId, shiftId: known }, oldestFirst);
  const withMovements = (shiftId: string) => ({
    shift: shifts.get(shiftId) as Shift,
    movements: movements.filter((movement) => movement.shiftId === shiftId),
  });
  return { ...page, data: page.data.map(withMovements) };
}
