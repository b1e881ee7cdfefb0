import type { Command } from './command.ts';
import { importProducts } from './commands/import-products.ts';
import { importSales } from './commands/import-sales.ts';
import { init } from './commands/init.ts';
import { migrateDown } from './commands/migrate-down.ts';
import { migrateStatus } from './commands/migrate-status.ts';
import { migrateUp } from './commands/migrate-up.ts';
import { reportInventory } from './commands/report-inventory.ts';
import { reportMargins } from './commands/report-margins.ts';
import { reportPayments } from './commands/report-payments.ts';
import { reportSales } from './commands/report-sales.ts';
import { reportSellers } from './commands/report-sellers.ts';
import { reportShifts } from './commands/report-shifts.ts';
import { reportStaff } from './commands/report-staff.ts';
import { reportTax } from './commands/report-tax.ts';
import { shiftList } from './commands/shift-list.ts';
import { shiftReport } from './commands/shift-report.ts';
import { shopCreate } from './commands/shop-create.ts';
import { shopList } from './commands/shop-list.ts';
import { start } from './commands/start.ts';
import { userCreate } from './commands/user-create.ts';
import { userList } from './commands/user-list.ts';
import { verify } from './commands/verify.ts';

/** Every command, in the order of the help. */
export const commands: Command[] = [
  init,
  start,
  shopCreate,
  shopList,
  userCreate,
  userList,
  importProducts,
  importSales,
  reportSales,
  reportPayments,
  reportTax,
  reportShifts,
  reportStaff,
  reportMargins,
  reportSellers,
  reportInventory,
  shiftList,
  shiftReport,
  verify,
  migrateUp,
  migrateDown,
  migrateStatus,
];
