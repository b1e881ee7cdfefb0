import type Router from '@koa/router';
import type { App } from '../../app.ts';
import * as contract from '../../contract/attention.ts';
import { listAttention } from '../../core/attention/attention.ts';
import { lastBackupRuns, viewLastBackups } from '../../core/attention/backup-runs.ts';
import { mount } from '../mount.ts';

export function mountAttention(router: Router, app: App): void {
  mount(router, app, contract.listAttention, async ({ em }) => ({
    body: { data: await listAttention(em), backup: viewLastBackups(await lastBackupRuns(em)) },
  }));
}
