import { Id } from '../../contract/primitives.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { sellsByWeight } from '../../core/catalog/sells-by-weight.ts';
import { shiftReport as makeReport } from '../../core/shifts/shift-report.ts';
import { namesOf } from '../../core/users/find-user.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { shiftReceipt } from '../output/shift-receipt.ts';

export const shiftReport: Command = {
  name: 'shift report',
  summary: 'Show the X report of an open shift or the Z report of a closed one, as it is printed',
  arguments: [{ name: 'shift', description: 'its id, or the number of its Z report' }],
  options: [SHOP_OPTION],
  example: 'smoocho shift report 12 --shop PIZA',
  async run(shell, { shop: code }, [which = '']) {
    const key = /^\d{1,9}$/.test(which) ? { zNumber: Number(which) } : which;
    if (!Id.safeParse(which).success && typeof key === 'string') {
      throw fieldProblem('invalid_request', '/shift', 'is neither an id nor the number of a Z report');
    }
    await atShop(shell, code, async ({ shop, context }) => {
      const report = await makeReport(context, shop.id, key);
      const { openedBy, closedBy } = report.shift;
      const names = await namesOf(context.em, [openedBy, closedBy]);
      const hasWeights = await sellsByWeight(context.em, shop.id);
      shell.show(shiftReceipt(report, shop, { names, hasWeights }));
      shell.give(report);
    });
    return undefined;
  },
};
