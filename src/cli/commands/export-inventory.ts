import { exportCommand } from '../export-command.ts';

export const exportInventory = exportCommand({
  what: 'inventory',
  summary: 'Take out the stock as it is now',
  things: ['item', 'items'],
  example: 'smoocho export inventory --shop PIZA --out stock.csv',
});
