import { z } from 'zod';
import { auditAnswers } from './audit.ts';
import { backupAnswers } from './backup.ts';
import { completionAnswers } from './completion.ts';
import { configAnswers } from './config.ts';
import { customerAnswers } from './customer.ts';
import { deviceAnswers } from './device.ts';
import { doctorAnswers } from './doctor.ts';
import { exportAnswers } from './export.ts';
import { imagesAnswers } from './images.ts';
import { importAnswers } from './import.ts';
import { initAnswers } from './init.ts';
import { inventoryAnswers } from './inventory.ts';
import { migrateAnswers } from './migrate.ts';
import { orderAnswers } from './order.ts';
import { productAnswers } from './product.ts';
import { reportAnswers } from './report.ts';
import { restoreAnswers } from './restore.ts';
import { secretsAnswers } from './secrets.ts';
import { serviceAnswers } from './service.ts';
import { settingsAnswers } from './settings.ts';
import { shiftAnswers } from './shift.ts';
import { shopAnswers } from './shop.ts';
import { startAnswers } from './start.ts';
import { upgradeAnswers } from './upgrade.ts';
import { userAnswers } from './user.ts';
import { verifyAnswers } from './verify.ts';

/** What each command prints with `--json`, one map a group of commands. */
export const answerGroups = [
  initAnswers,
  startAnswers,
  doctorAnswers,
  shopAnswers,
  settingsAnswers,
  productAnswers,
  orderAnswers,
  customerAnswers,
  inventoryAnswers,
  userAnswers,
  importAnswers,
  exportAnswers,
  reportAnswers,
  shiftAnswers,
  deviceAnswers,
  configAnswers,
  secretsAnswers,
  auditAnswers,
  imagesAnswers,
  verifyAnswers,
  backupAnswers,
  restoreAnswers,
  migrateAnswers,
  serviceAnswers,
  upgradeAnswers,
  completionAnswers,
] as const satisfies readonly Record<string, z.ZodType>[];

/** The same by the words of a command, such as `shop list`. */
export const commandAnswers: Readonly<Record<string, z.ZodType>> = Object.assign({}, ...answerGroups);

/** As over HTTP. */
const Problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).optional(),
});

/** What any command prints with `--json` when it fails; `exitCode` is the process's, too. */
export const CommandFailure = z.strictObject({
  error: z.union([Problem, z.strictObject({ title: z.string() })]),
  exitCode: z.int().min(1).max(6),
});
