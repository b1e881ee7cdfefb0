import type { InventoryItem as ItemView } from '../../contract/inventory.ts';
import { formatMinor, quantityFromMilli } from '../../contract/money.ts';
import type { InventoryItem } from './inventory-item.entity.ts';

export function viewItem(item: InventoryItem): ItemView {
  return {
    id: item.id,
    shopId: item.shopId,
    name: item.name,
    unit: item.unit,
    quantity: quantityFromMilli(item.quantityMilli),
    cost: formatMinor(item.costMinor),
    reorderLevel: quantityFromMilli(item.reorderLevelMilli),
    policy: item.policy,
    isLow: item.quantityMilli <= item.reorderLevelMilli,
    version: item.version,
    createdAt: item.createdAt.toISOString(),
    updatedAt: item.updatedAt.toISOString(),
  };
}
