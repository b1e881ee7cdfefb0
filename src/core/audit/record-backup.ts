import type { Context } from '../context.ts';
import { recordedActor, recordSecurity } from './record-security.ts';

/** Records that all data was copied out of the database, and where to. */
export async function recordBackup(
  { app, em, actor }: Context,
  { id, file, encrypted }: { id: string; file: string; encrypted: boolean },
): Promise<void> {
  await recordSecurity(em, {
    type: 'backup_created',
    shopId: null,
    at: app.now(),
    ...recordedActor(actor),
    details: { id, file, encrypted },
  });
}
