import { exportCommand } from '../export-command.ts';

export const exportLines = exportCommand({
  what: 'lines',
  summary: 'Take out what was sold and came back, a row for each line of an order',
  things: ['row', 'rows'],
  hasDates: true,
  example: 'smoocho export lines --shop PIZA --from 2015-04-01 --to 2015-04-30 --out lines.csv',
});
