import { exportCommand } from '../export-command.ts';

export const exportProducts = exportCommand({
  what: 'products',
  summary: 'Take the menu out, in the columns that import products reads',
  things: ['row', 'rows'],
  example: 'smoocho export products --shop PIZA --out menu.csv',
});
