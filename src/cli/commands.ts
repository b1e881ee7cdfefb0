import { existsSync, readFileSync } from 'node:fs';
import type { Command } from './command.ts';

/** A command's words, and where it is; what it needs is only loaded when it is asked for. */
type Entry = { name: string; load: () => Promise<Command> };

/** Every command, in the order of the help. */
export const entries: readonly Entry[] = [
  { name: 'init', load: async () => (await import('./commands/init.ts')).init },
  { name: 'start', load: async () => (await import('./commands/start.ts')).start },
  { name: 'status', load: async () => (await import('./commands/status.ts')).status },
  { name: 'doctor', load: async () => (await import('./commands/doctor.ts')).doctor },
  { name: 'upgrade', load: async () => (await import('./commands/upgrade.ts')).upgrade },
  {
    name: 'service install',
    load: async () => (await import('./commands/service-install.ts')).serviceInstall,
  },
  {
    name: 'service uninstall',
    load: async () => (await import('./commands/service-uninstall.ts')).serviceUninstall,
  },
  { name: 'service status', load: async () => (await import('./commands/service-status.ts')).serviceStatus },
  { name: 'service logs', load: async () => (await import('./commands/service-logs.ts')).serviceLogs },
  { name: 'shop create', load: async () => (await import('./commands/shop-create.ts')).shopCreate },
  { name: 'shop list', load: async () => (await import('./commands/shop-list.ts')).shopList },
  { name: 'shop show', load: async () => (await import('./commands/shop-show.ts')).shopShow },
  { name: 'shop set', load: async () => (await import('./commands/shop-set.ts')).shopSet },
  { name: 'settings show', load: async () => (await import('./commands/settings-show.ts')).settingsShow },
  { name: 'settings set', load: async () => (await import('./commands/settings-set.ts')).settingsSet },
  { name: 'user create', load: async () => (await import('./commands/user-create.ts')).userCreate },
  { name: 'user list', load: async () => (await import('./commands/user-list.ts')).userList },
  { name: 'user set', load: async () => (await import('./commands/user-set.ts')).userSet },
  { name: 'user set-pin', load: async () => (await import('./commands/user-set-pin.ts')).userSetPin },
  { name: 'user set-role', load: async () => (await import('./commands/user-set-role.ts')).userSetRole },
  {
    name: 'user reset-password',
    load: async () => (await import('./commands/user-reset-password.ts')).userResetPassword,
  },
  { name: 'user disable', load: async () => (await import('./commands/user-disable.ts')).userDisable },
  { name: 'user enable', load: async () => (await import('./commands/user-enable.ts')).userEnable },
  { name: 'user sessions', load: async () => (await import('./commands/user-sessions.ts')).userSessions },
  { name: 'user revoke', load: async () => (await import('./commands/user-revoke.ts')).userRevoke },
  {
    name: 'import products',
    load: async () => (await import('./commands/import-products.ts')).importProducts,
  },
  { name: 'import images', load: async () => (await import('./commands/import-images.ts')).importImages },
  { name: 'import sales', load: async () => (await import('./commands/import-sales.ts')).importSales },
  {
    name: 'export products',
    load: async () => (await import('./commands/export-products.ts')).exportProducts,
  },
  { name: 'export sales', load: async () => (await import('./commands/export-sales.ts')).exportSales },
  { name: 'export lines', load: async () => (await import('./commands/export-lines.ts')).exportLines },
  {
    name: 'export payments',
    load: async () => (await import('./commands/export-payments.ts')).exportPayments,
  },
  {
    name: 'export inventory',
    load: async () => (await import('./commands/export-inventory.ts')).exportInventory,
  },
  {
    name: 'export customers',
    load: async () => (await import('./commands/export-customers.ts')).exportCustomers,
  },
  { name: 'export audit', load: async () => (await import('./commands/export-audit.ts')).exportAudit },
  { name: 'report sales', load: async () => (await import('./commands/report-sales.ts')).reportSales },
  {
    name: 'report payments',
    load: async () => (await import('./commands/report-payments.ts')).reportPayments,
  },
  { name: 'report tax', load: async () => (await import('./commands/report-tax.ts')).reportTax },
  { name: 'report shifts', load: async () => (await import('./commands/report-shifts.ts')).reportShifts },
  { name: 'report staff', load: async () => (await import('./commands/report-staff.ts')).reportStaff },
  { name: 'report margins', load: async () => (await import('./commands/report-margins.ts')).reportMargins },
  { name: 'report sellers', load: async () => (await import('./commands/report-sellers.ts')).reportSellers },
  {
    name: 'report inventory',
    load: async () => (await import('./commands/report-inventory.ts')).reportInventory,
  },
  { name: 'product list', load: async () => (await import('./commands/product-list.ts')).productList },
  { name: 'product add', load: async () => (await import('./commands/product-add.ts')).productAdd },
  { name: 'product show', load: async () => (await import('./commands/product-show.ts')).productShow },
  { name: 'product set', load: async () => (await import('./commands/product-set.ts')).productSet },
  {
    name: 'product set-image',
    load: async () => (await import('./commands/product-set-image.ts')).productSetImage,
  },
  {
    name: 'product remove-image',
    load: async () => (await import('./commands/product-remove-image.ts')).productRemoveImage,
  },
  { name: 'product remove', load: async () => (await import('./commands/product-remove.ts')).productRemove },
  { name: 'order list', load: async () => (await import('./commands/order-list.ts')).orderList },
  { name: 'order show', load: async () => (await import('./commands/order-show.ts')).orderShow },
  { name: 'order refund', load: async () => (await import('./commands/order-refund.ts')).orderRefund },
  { name: 'order void', load: async () => (await import('./commands/order-void.ts')).orderVoid },
  { name: 'order review', load: async () => (await import('./commands/order-review.ts')).orderReview },
  { name: 'customer list', load: async () => (await import('./commands/customer-list.ts')).customerList },
  { name: 'customer show', load: async () => (await import('./commands/customer-show.ts')).customerShow },
  { name: 'customer set', load: async () => (await import('./commands/customer-set.ts')).customerSet },
  { name: 'inventory list', load: async () => (await import('./commands/inventory-list.ts')).inventoryList },
  { name: 'inventory add', load: async () => (await import('./commands/inventory-add.ts')).inventoryAdd },
  { name: 'inventory set', load: async () => (await import('./commands/inventory-set.ts')).inventorySet },
  {
    name: 'inventory count',
    load: async () => (await import('./commands/inventory-count.ts')).inventoryCount,
  },
  {
    name: 'inventory adjust',
    load: async () => (await import('./commands/inventory-adjust.ts')).inventoryAdjust,
  },
  {
    name: 'inventory movements',
    load: async () => (await import('./commands/inventory-movements.ts')).inventoryMovements,
  },
  { name: 'shift list', load: async () => (await import('./commands/shift-list.ts')).shiftList },
  { name: 'shift report', load: async () => (await import('./commands/shift-report.ts')).shiftReport },
  { name: 'device pair', load: async () => (await import('./commands/device-pair.ts')).devicePair },
  { name: 'device list', load: async () => (await import('./commands/device-list.ts')).deviceList },
  { name: 'device rename', load: async () => (await import('./commands/device-rename.ts')).deviceRename },
  { name: 'device revoke', load: async () => (await import('./commands/device-revoke.ts')).deviceRevoke },
  { name: 'config show', load: async () => (await import('./commands/config-show.ts')).configShow },
  { name: 'config check', load: async () => (await import('./commands/config-check.ts')).configCheck },
  {
    name: 'secrets rotate',
    load: async () => (await import('./commands/secrets-rotate.ts')).secretsRotate,
  },
  { name: 'audit list', load: async () => (await import('./commands/audit-list.ts')).auditList },
  { name: 'audit verify', load: async () => (await import('./commands/audit-verify.ts')).auditVerify },
  { name: 'images gc', load: async () => (await import('./commands/images-gc.ts')).imagesGc },
  { name: 'images move', load: async () => (await import('./commands/images-move.ts')).imagesMove },
  { name: 'images check', load: async () => (await import('./commands/images-check.ts')).imagesCheck },
  { name: 'verify', load: async () => (await import('./commands/verify.ts')).verify },
  { name: 'backup create', load: async () => (await import('./commands/backup-create.ts')).backupCreate },
  { name: 'backup list', load: async () => (await import('./commands/backup-list.ts')).backupList },
  { name: 'backup verify', load: async () => (await import('./commands/backup-verify.ts')).backupVerify },
  { name: 'backup prune', load: async () => (await import('./commands/backup-prune.ts')).backupPrune },
  {
    name: 'backup schedule',
    load: async () => (await import('./commands/backup-schedule.ts')).backupSchedule,
  },
  {
    name: 'backup key create',
    load: async () => (await import('./commands/backup-key-create.ts')).backupKeyCreate,
  },
  {
    name: 'backup key list',
    load: async () => (await import('./commands/backup-key-list.ts')).backupKeyList,
  },
  { name: 'restore', load: async () => (await import('./commands/restore.ts')).restore },
  { name: 'migrate up', load: async () => (await import('./commands/migrate-up.ts')).migrateUp },
  { name: 'migrate down', load: async () => (await import('./commands/migrate-down.ts')).migrateDown },
  { name: 'migrate status', load: async () => (await import('./commands/migrate-status.ts')).migrateStatus },
  {
    name: 'completion',
    load: async () => (await import('./commands/completion.ts')).completionOf(() => loadCommands([])),
  },
];

/** Descriptions of all commands. The build writes the file beside the bundle; running from the sources has none. */
const DESCRIPTIONS = new URL('./commands.json', import.meta.url);

/**
 * Loads the commands that these words may mean: the one they name, else the group of the first word, else all of them for the
 * help. Of more than one it loads the built descriptions only, if there are any: a Raspberry Pi takes seconds to load the code.
 */
export async function loadCommands(words: string[]): Promise<Command[]> {
  const [first] = words;
  if (first === '--version') return [];
  const named = entries.filter(({ name }) => name === words.slice(0, name.split(' ').length).join(' '));
  const group = entries.filter(({ name }) => name.split(' ')[0] === first);
  const wanted = [named, group, entries].find((some) => some.length > 0) ?? entries;
  const described = wanted.length > 1 && existsSync(DESCRIPTIONS) ? readDescriptions() : new Map();
  return await Promise.all(wanted.map((entry) => described.get(entry.name) ?? entry.load()));
}

/** Commands that are loaded when they run. */
function readDescriptions(): Map<string, Command> {
  const described = JSON.parse(readFileSync(DESCRIPTIONS, 'utf8')) as Omit<Command, 'run'>[];
  const loads = new Map(entries.map(({ name, load }) => [name, load]));
  return new Map(
    described.flatMap((command) => {
      const load = loads.get(command.name);
      if (!load) return [];
      return [[command.name, { ...command, run: async (...given) => await (await load()).run(...given) }]];
    }),
  );
}
