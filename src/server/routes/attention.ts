import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/attention.ts';
import { openAttention } from '../../core/attention/attention.ts';
import { lastBackupRuns, viewLastBackups } from '../../core/attention/backup-runs.ts';
import { mount } from '../mount.ts';

export function mountAttention(router: Router, app: App): void {
  mount(router, app, contract.listAttention, async ({ em }) => ({
    body: { data: await openAttention({ app, em }), backup: viewLastBackups(await lastBackupRuns(em)) },
  }));
}
