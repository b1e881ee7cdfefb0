import { formatMinor } from '../../contract/money.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import { exceedsDiscountLimit, formatPercent } from '../../pricing/index.ts';
import type { Need } from '../auth/approval.ts';
import type { Actor } from '../context.ts';
import type { Bill, BillLine } from './make-bill.ts';

/**
 * What somebody other than a cashier has to allow of a bill: prices that are not the menu's. What was allowed of a line
 * (`frozen`) was allowed of so many.
 */
export function overrideNeeds(lines: BillLine[], frozen: BillLine[] = []): Need[] {
  return lines.flatMap((line, index) => {
    const before = frozen.find((known) => known.id === line.id);
    const isAllowed =
      before?.unitPriceMinor === line.unitPriceMinor && line.quantityMilli <= before.quantityMilli;
    if (line.listPriceMinor === null || isAllowed) return [];
    return [
      {
        least: 'manager' as const,
        pointer: `/items/${index}/unitPrice`,
        detail: `${line.name} has another price than on the menu.`,
      },
    ];
  });
}

/** Approval for lines whose price rounds to 0.00, such as a gram of saffron. Lines that were so before need none. */
export function nothingNeeds(lines: BillLine[], { items }: Bill, frozen: BillLine[] = []): Need[] {
  return lines.flatMap((line, index) => {
    const costs = line.unitPriceMinor + line.modifiers.reduce((sum, { priceMinor }) => sum + priceMinor, 0);
    const isAsBefore = frozen.some(
      ({ id, quantityMilli }) => id === line.id && quantityMilli === line.quantityMilli,
    );
    if (costs === 0 || items[index]?.subtotal !== formatMinor(0) || isAsBefore) return [];
    return [
      {
        least: 'manager' as const,
        pointer: `/items/${index}/quantity`,
        detail: `${line.name} comes to ${formatMinor(0)} at that quantity.`,
      },
    ];
  });
}

/** A discount above what the actor's role may give by itself. */
export function discountNeeds(bill: Bill, { discountLimits }: SettingsValues, actor: Actor): Need[] {
  if (actor.kind === 'system' || !exceedsDiscountLimit(bill.pricedLines, discountLimits.cashier, bill.digits))
    return [];
  const isAboveManagers = exceedsDiscountLimit(bill.pricedLines, discountLimits.manager, bill.digits);
  const least = isAboveManagers ? 'owner' : 'manager';
  const limit = actor.role === 'cashier' ? discountLimits.cashier : discountLimits.manager;
  const detail = `The discount is more than the ${formatPercent(limit)} per cent that a ${actor.role} may give.`;
  return [{ least, pointer: '/discount', detail }];
}
