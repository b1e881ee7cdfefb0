import type { Context } from '../context.ts';
import { recordedActor, recordSecurity } from './record-security.ts';

/** What was taken out: which report or list, over which business dates; null where there is no end. */
export type Export = { report: string; from: string | null; to: string | null };

/** Records that somebody took figures out of the shop, before they have them. */
export async function recordExport(
  { app, em, actor }: Context,
  shopId: string,
  { report, from, to }: Export,
  address: string | null = null,
): Promise<void> {
  const details = { report, from, to };
  const who = recordedActor(actor);
  await recordSecurity(em, { type: 'report_exported', shopId, at: app.now(), ...who, address, details });
}
