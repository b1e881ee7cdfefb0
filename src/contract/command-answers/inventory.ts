import { z } from 'zod';
import { InventoryItem, listInventory, listMovements } from '../inventory.ts';

/** What the commands of the stock print with `--json`: what the routes of the API answer. */
export const inventoryAnswers = {
  'inventory list': listInventory.responses[200],
  'inventory add': InventoryItem,
  'inventory set': InventoryItem,
  /** Those that were counted, as they are since. */
  'inventory count': z.array(InventoryItem),
  'inventory adjust': InventoryItem,
  'inventory movements': listMovements.responses[200],
} as const satisfies Record<string, z.ZodType>;
