import { Gauge, Registry } from 'prom-client';
import type { App } from '../../app.ts';
import { attentionSeverities } from '../../contract/attention.ts';
import { orderStatuses } from '../../contract/order-view.ts';
import { standbyAttention } from '../../core/attention/standby-attention.ts';
import type { DiskReport } from '../../core/disk/disk-reader.ts';
import { lookAtStore } from '../../core/images/look-at-store.ts';
import { type Figures, readFigures } from '../../core/status/read-figures.ts';
import { version } from '../../version.ts';
import { createReading } from './reading.ts';

/** PostgreSQL takes milliseconds; a scrape is given up after ten seconds, and there is more in it than this. */
const FIGURES_MS = 2_000;
const BACKUP_KINDS = ['create', 'verify', 'drill'];

/** What is the same whichever process is asked: it is read by the one that answers, and not added up. */
export function createInstallationMetrics(app: App): { text(): Promise<string> } {
  const register = new Registry();
  const gauge = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [register] });

  gauge('smoocho_build_info', 'The version that runs; always 1.', 'version', 'node').set(
    { version, node: process.version },
    1,
  );
  const up = gauge('smoocho_database_up', 'Whether the database answered within two seconds (1) or not (0).');
  const standbyMissing = gauge(
    'smoocho_standby_missing',
    'Whether sales are refused because no synchronous standby confirms commits (1) or not (0).',
  );
  const isStandby = gauge(
    'smoocho_database_standby',
    'Whether the database is a standby itself, so that sales are refused (1) or not (0).',
  );
  const showFigures = figureGauges(gauge);
  const storeUp = gauge('smoocho_image_store_up', 'Whether the store of the pictures answers.', 'store');
  const showDisks = diskGauges(gauge);

  const figures = createReading(() => readFigures(app.orm.em.fork(), FIGURES_MS), {
    goodForMs: 5_000,
    withinMs: FIGURES_MS,
  });
  // Each look at a bucket costs a request.
  const store = createReading(() => lookAtStore(app.images), { goodForMs: 60_000, withinMs: FIGURES_MS });

  return {
    async text() {
      const [found, place, disks] = await Promise.all([figures(), store(), app.disk.look()]);
      up.set(found ? 1 : 0);
      const { missingSince, isStandbySince } = app.standby.state();
      standbyMissing.set(missingSince ? 1 : 0);
      isStandby.set(isStandbySince ? 1 : 0);
      showFigures(found && withStandbyAttention(found, app));
      storeUp.reset();
      if (place) storeUp.set({ store: place.kind }, place.isUp ? 1 : 0);
      showDisks(disks);
      return await register.metrics();
    },
  };
}

/** The attention that has no row in the database counts, too. */
function withStandbyAttention(figures: Figures, app: Pick<App, 'standby'>): Figures {
  const attention = { ...figures.attention };
  for (const { severity } of standbyAttention(app)) attention[severity] = (attention[severity] ?? 0) + 1;
  return { ...figures, attention };
}

type MakeGauge = <Label extends string = never>(
  name: string,
  help: string,
  ...labelNames: Label[]
) => Gauge<Label>;

/** Without a database they are left out: an old figure would look like a new one. */
function figureGauges(gauge: MakeGauge): (figures: Figures | undefined) => void {
  const lowStock = gauge('smoocho_low_stock_items', 'Items at or below their reorder level.');
  const orders = gauge('smoocho_orders_24h', 'Orders of the last 24 hours, by status.', 'status');
  const lastOrder = gauge(
    'smoocho_last_order_timestamp_seconds',
    'When the last order was made, in seconds since 1970; 0 when none was.',
  );
  const backup = gauge(
    'smoocho_backup_last_success_timestamp_seconds',
    'When the last backup that succeeded was begun (create), read back (verify) or restored for trial (drill), in seconds since 1970; 0 when none was.',
    'kind',
  );
  const attention = gauge('smoocho_attention', 'What needs the owner now, by severity.', 'severity');
  return (figures) => {
    for (const labelled of [orders, backup, attention]) labelled.reset();
    // `reset` would set these to 0.
    for (const bare of [lowStock, lastOrder]) bare.remove();
    if (!figures) return;
    lowStock.set(figures.lowStock);
    for (const status of orderStatuses) orders.set({ status }, figures.orders[status] ?? 0);
    lastOrder.set(figures.lastOrderAt ?? 0);
    for (const kind of BACKUP_KINDS) backup.set({ kind }, figures.backups[kind] ?? 0);
    for (const severity of attentionSeverities) attention.set({ severity }, figures.attention[severity] ?? 0);
  };
}

function diskGauges(gauge: MakeGauge): (report: DiskReport) => void {
  const free = gauge('smoocho_disk_free_bytes', 'Room that is left on the disk of a place.', 'place');
  const size = gauge('smoocho_disk_size_bytes', 'Size of the disk of a place.', 'place');
  const answers = gauge('smoocho_disk_up', 'Whether the disk of a place answers.', 'place');
  return ({ disks, silent }) => {
    for (const one of [free, size, answers]) one.reset();
    for (const { places, freeBytes, sizeBytes } of disks) {
      for (const place of places) {
        free.set({ place }, freeBytes);
        size.set({ place }, sizeBytes);
        answers.set({ place }, 1);
      }
    }
    for (const place of silent) answers.set({ place }, 0);
  };
}
