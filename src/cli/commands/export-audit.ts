import { exportCommand } from '../export-command.ts';

export const exportAudit = exportCommand({
  what: 'audit',
  summary: 'Take out who did what, newest first, with what each change replaced',
  things: ['record', 'records'],
  hasDates: true,
  example: 'smoocho export audit --shop PIZA --from 2015-04-01 --format jsonl --out audit.jsonl',
});
