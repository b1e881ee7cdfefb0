import type { EntityManager } from '@mikro-orm/postgresql';
import type { NumberLease } from '../../contract/devices.ts';
import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import { isAtLeast } from '../../contract/users.ts';
import { isUniqueViolation } from '../../database/pg-errors.ts';
import { query, queryRow } from '../../database/query.ts';
import { recordedActor, recordSecurity, type SecurityRecord } from '../audit/record-security.ts';
import type { Actor, Context } from '../context.ts';
import { findEpoch } from '../epochs/find-epoch.ts';
import { seriesLabel } from '../epochs/series-label.ts';
import { businessDateAt, daysAfter, fiscalYearLabel, fiscalYearSpan } from '../shops/business-day.ts';
import { findShop } from '../shops/find-shops.ts';
import { settingsOf } from '../shops/settings.ts';
import type { Shop } from '../shops/shop.entity.ts';
import { transact } from '../transact.ts';
import type { Device } from './device.entity.ts';
import { findDevice } from './find-devices.ts';
import { lentNumberFormat } from './lent-number.ts';
import { nextFreeSeries } from './series.ts';

/** A device that is offline over the new year has its numbers before it. */
const MAX_DAYS_AHEAD = 31;
/** Out with one device and year: more than a till sells offline, few enough to look through. */
const MAX_UNUSED = 2_000;

type Request = { id: string; count: number; day?: string | undefined };
type FiscalYear = { name: string; from: string; to: string };
type Lease = {
  id: string;
  deviceId: string;
  series: string;
  fiscalYear: string;
  /** What stands in the numbers for the year, in the epoch of the lease. */
  label: string;
  first: number;
  last: number;
  leasedAt: string;
};

/**
 * Lends a device numbers of its own series, from where the last lease of the fiscal year and epoch ended; the same request again
 * gives the same lease. For who is signed in on the device, or a manager.
 * Throws `not_found`, `forbidden`, `lease_refused`, `lease_conflict`.
 */
export async function leaseNumbers(
  context: Context,
  shopId: string,
  deviceId: string,
  request: Request,
): Promise<{ lease: NumberLease; isReplay: boolean }> {
  try {
    return await transact(context, async ({ em, app, actor }) => {
      // Leases of one device come one after the other.
      const device = await findDevice(em, shopId, deviceId, true);
      checkActor(actor, device);
      const shop = await findShop(em, shopId);
      const earlier = await findLease(em, request.id);
      if (earlier) return { lease: replayed(earlier, device, shop, request), isReplay: true };
      if (device.revokedAt) throw refused('This device was revoked. Pair it anew to lend it numbers.');
      const year = fiscalYearFor(shop, app.now(), request.day);
      const label = seriesLabel(await findEpoch(em, shopId), year.name);
      await checkUnused(em, shop, device, label, request.count);
      const first = await nextNumber(em, shop, device, label, request.count);
      const lease: Lease = {
        id: request.id,
        deviceId,
        series: device.series as string,
        fiscalYear: year.name,
        label,
        first,
        last: first + request.count - 1,
        leasedAt: app.now().toISOString(),
      };
      await em.flush();
      await insertLease(em, shopId, lease);
      await recordSecurity(em, recordOf(lease, shopId, device.name, actor));
      return { lease: viewLease(lease, shop, year), isReplay: false };
    });
  } catch (error) {
    // Two devices at once with one id.
    if (!isUniqueViolation(error, 'number_leases_pkey')) throw error;
    throw takenId();
  }
}

function checkActor(actor: Actor, device: Device): void {
  if (actor.kind === 'system' || actor.deviceId === device.id || isAtLeast(actor.role, 'manager')) return;
  throw new ProblemError('forbidden', {
    detail: 'Numbers are lent to the device that you are signed in on. For another one, ask a manager.',
  });
}

const refused = (detail: string) => new ProblemError('lease_refused', { detail });

/** Another shop's lease is answered as any id that is taken: it tells nothing about that shop. */
const takenId = () =>
  fieldProblem('lease_conflict', '/id', 'belongs to another lease; other numbers need a new id');

const FIND_LEASE = `
  SELECT id, device_id AS "deviceId", series, fiscal_year AS "fiscalYear", label, first_number AS first, last_number AS last,
         to_char(leased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "leasedAt"
  FROM number_leases WHERE id = $1`;

async function findLease(em: EntityManager, id: string): Promise<Lease | undefined> {
  const [lease] = await query<Lease>(em, FIND_LEASE, [id]);
  return lease;
}

/** The lease that is there already, if it is what is asked for. Any day of its year asks for it, as does none. */
function replayed(lease: Lease, device: Device, shop: Shop, { count, day }: Request): NumberLease {
  if (lease.deviceId !== device.id || lease.last - lease.first + 1 !== count) throw takenId();
  // A day more on either side, for the shop's clock may have been put right since.
  const leasedOn = businessDateAt(new Date(lease.leasedAt), shop);
  const days = [daysAfter(leasedOn, -1), daysAfter(leasedOn, MAX_DAYS_AHEAD + 1)];
  const year = days.map((each) => fiscalYearOf(shop, each)).find(({ name }) => name === lease.fiscalYear);
  if (!year) {
    throw refused(
      'The fiscal year of this shop starts on another day by now. Ask for numbers with a new id.',
    );
  }
  if (day !== undefined && (day < year.from || day > year.to)) throw takenId();
  return viewLease(lease, shop, year);
}

function fiscalYearOf(shop: Shop, day: string): FiscalYear {
  const { fiscalYearStart } = settingsOf(shop);
  return { name: fiscalYearLabel(day, fiscalYearStart), ...fiscalYearSpan(day, fiscalYearStart) };
}

/** The fiscal year of a day that numbers are asked for: this one, or the next one shortly before it begins. */
function fiscalYearFor(shop: Shop, now: Date, day: string | undefined): FiscalYear {
  const today = businessDateAt(now, shop);
  if (day !== undefined && day > daysAfter(today, MAX_DAYS_AHEAD)) {
    throw fieldProblem('lease_refused', '/day', `is more than ${MAX_DAYS_AHEAD} days ahead`);
  }
  const year = fiscalYearOf(shop, day ?? today);
  if (year.to < today) throw fieldProblem('lease_refused', '/day', 'is of a fiscal year that has ended');
  return year;
}

// Lent numbers have a dash in front of their letters, which no other number of the shop has.
const COUNT_UNUSED = `
  WITH lent AS (
    SELECT $4 || '-' || series || '/' || $3 || '/' AS prefix, sum(last_number - first_number + 1) AS numbers
    FROM number_leases WHERE shop_id = $1 AND device_id = $2 AND label = $3 GROUP BY series
  ), used AS (
    SELECT count(*) AS numbers FROM orders o JOIN lent ON starts_with(o.order_number, lent.prefix)
    WHERE o.shop_id = $1 AND o.order_number LIKE '%-%'
  )
  SELECT (coalesce(sum(lent.numbers), 0) - (SELECT numbers FROM used))::int AS unused FROM lent`;

async function checkUnused(
  em: EntityManager,
  shop: Shop,
  device: Device,
  label: string,
  count: number,
): Promise<void> {
  const row = await queryRow<{ unused: number }>(em, COUNT_UNUSED, [shop.id, device.id, label, shop.code]);
  if (row.unused + count <= MAX_UNUSED) return;
  throw refused(
    `This device has ${row.unused} numbers that it has not used yet, and may have ${MAX_UNUSED} at most.`,
  );
}

const LAST_NUMBER = `
  SELECT coalesce(max(last_number), 0) AS last FROM number_leases
  WHERE shop_id = $1 AND series = $2 AND label = $3`;

/**
 * Where the device's next lease begins. Gives the device its letters if it has none, and the next free ones when so many
 * numbers would be longer than a number may be; these start at 1.
 */
async function nextNumber(
  em: EntityManager,
  shop: Shop,
  device: Device,
  label: string,
  count: number,
): Promise<number> {
  if (device.series) {
    const { last } = await queryRow<{ last: number }>(em, LAST_NUMBER, [shop.id, device.series, label]);
    const { digits } = lentNumberFormat(shop.code, device.series, label);
    if (last + count < 10 ** digits) return last + 1;
  }
  const series = await nextFreeSeries(em, shop.id);
  if (!series)
    throw refused('All letters from A to ZZ are given to devices of this shop: there are no more.');
  device.series = series;
  return 1;
}

const INSERT_LEASE = `
  INSERT INTO number_leases (id, shop_id, device_id, series, fiscal_year, label, first_number, last_number, leased_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

async function insertLease(em: EntityManager, shopId: string, lease: Lease): Promise<void> {
  const { id, deviceId, series, fiscalYear, label, first, last, leasedAt } = lease;
  await query(em, INSERT_LEASE, [id, shopId, deviceId, series, fiscalYear, label, first, last, leasedAt]);
}

/** Which numbers a device may print by itself, and who gave them to it. */
const recordOf = (
  { deviceId, series, fiscalYear, label, first, last, leasedAt }: Lease,
  shopId: string,
  name: string,
  actor: Actor,
): SecurityRecord => ({
  type: 'numbers_lent',
  shopId,
  at: new Date(leasedAt),
  ...recordedActor(actor),
  details: { deviceId, name, series, fiscalYear, label, first, last },
});

function viewLease(lease: Lease, shop: Shop, { from, to }: FiscalYear): NumberLease {
  const { id, deviceId, series, label, first, last, leasedAt } = lease;
  const format = lentNumberFormat(shop.code, series, label);
  return { id, deviceId, ...format, first, last, from, to, leasedAt };
}
