import { exportCommand } from '../export-command.ts';

export const exportCustomers = exportCommand({
  what: 'customers',
  summary: 'Take out the customers, with phone numbers and addresses',
  things: ['customer', 'customers'],
  example: 'smoocho export customers --shop PIZA --out customers.csv',
});
