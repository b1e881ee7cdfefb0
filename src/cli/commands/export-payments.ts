import { exportCommand } from '../export-command.ts';

export const exportPayments = exportCommand({
  what: 'payments',
  summary: 'Take out what was paid and paid back, a row for each movement of money',
  things: ['row', 'rows'],
  hasDates: true,
  example: 'smoocho export payments --shop PIZA --from 2015-04-01 --format jsonl --out payments.jsonl',
});
