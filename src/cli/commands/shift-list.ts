import { parse } from '../../contract/parse.ts';
import { limits } from '../../contract/primitives.ts';
import { listShifts as contract, type Shift } from '../../contract/shifts.ts';
import { readPages } from '../../core/paging.ts';
import { listShifts } from '../../core/shifts/find-shifts.ts';
import { viewShift } from '../../core/shifts/view-shift.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import type { Shop } from '../../core/shops/shop.entity.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { formatMoney } from '../output/format.ts';
import { table } from '../output/table.ts';

export const shiftList: Command = {
  name: 'shift list',
  summary: 'List the shifts of a shop and what their drawers differed by',
  options: [
    SHOP_OPTION,
    { flags: '--from <day>', description: 'first business date, such as 2026-04-01' },
    { flags: '--to <day>', description: 'last business date' },
  ],
  example: 'smoocho shift list --shop PIZA --from 2026-04-01',
  async run(shell, { shop: code, from, to }) {
    const query = parse(contract.query, { from, to, limit: String(limits.page.max) });
    await atShop(shell, code, async ({ shop, context: { em } }) => {
      const rows = await readPages((cursor) => listShifts(em, shop.id, { ...query, cursor }));
      const shifts: Shift[] = rows.map(viewShift);
      shell.show(shifts.length === 0 ? 'No shift was opened.' : readable(shifts, shop));
      shell.give(shifts);
    });
    return undefined;
  },
};

function readable(shifts: Shift[], { timezone, currency }: Shop): string {
  const clock = (time: string | null) => {
    if (time === null) return 'open';
    const wall = wallClock(new Date(time), timezone);
    return `${wall.date} ${wall.time.slice(0, 5)}`;
  };
  const money = (amount: string | null) => (amount === null ? '' : formatMoney(amount, currency));
  return table(shifts, [
    { title: 'Z', value: ({ zNumber }) => (zNumber === null ? '' : String(zNumber)), align: 'right' },
    { title: 'day', value: (shift) => shift.businessDate },
    { title: 'drawer', value: (shift) => shift.deviceId ?? 'main drawer' },
    { title: 'opened', value: (shift) => clock(shift.openedAt) },
    { title: 'closed', value: (shift) => clock(shift.closedAt) },
    { title: 'float', value: (shift) => money(shift.openingFloat), align: 'right' },
    { title: 'expected', value: (shift) => money(shift.expected), align: 'right' },
    { title: 'counted', value: (shift) => money(shift.counted), align: 'right' },
    { title: 'difference', value: (shift) => money(shift.variance), align: 'right' },
    { title: 'id', value: (shift) => shift.id },
  ]);
}
