import { createApp } from '../../src/app.ts';
import { startSchedule } from '../../src/backup/schedule.ts';
import { loadConfig } from '../../src/config.ts';
import { jobScript, nightly, quickTimes } from './schedule-parts.ts';

// One of several servers that only run a schedule: `HOME FILE BEGUN`. Since BEGUN (in ms), a second counts as an hour of their
// clock, and the job is due every hour.
const [home = '', file = '', begun = ''] = process.argv.slice(2);
const now = () => new Date(Date.parse('2026-10-01T12:00:00Z') + (Date.now() - Number(begun)) * 3_600);
const app = await createApp(loadConfig({ home }, {}), { now });
const schedule = startSchedule(app, {
  program: [jobScript],
  jobs: () => [nightly(['log', file, '300'], { schedule: { cron: '0 * * * *' } })],
  times: { ...quickTimes, catchUpMs: 0, retryMs: 0 },
});
process.once('SIGTERM', async () => {
  await schedule.close();
  await app.close();
});
