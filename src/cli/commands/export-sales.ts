import { exportCommand } from '../export-command.ts';

export const exportSales = exportCommand({
  what: 'sales',
  summary: 'Take orders and credit notes out, one a row',
  things: ['row', 'rows'],
  hasDates: true,
  example: 'smoocho export sales --shop PIZA --from 2015-01-01 --to 2015-12-31 --out sales.csv',
});
