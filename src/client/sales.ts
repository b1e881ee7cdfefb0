import { OfflineOrder, type OfflineOrderInput } from '../contract/offline-orders.ts';
import { NewOrder, type Order } from '../contract/orders.ts';
import { parse } from '../contract/parse.ts';
import { type Problem, ProblemError } from '../contract/problem.ts';
import type { Approval } from '../contract/users.ts';
import { localProblem } from './errors.ts';

/** A sale as it is kept. Not its approval: a manager's password is not for keeping on a till. */
type KeptSale = Omit<OfflineOrderInput, 'placedAt' | 'orderNumber' | 'approval'>;
/**
 * What the order route takes, with an `id` made here if it has none. Each line has the menu's `listPrice` and, if known, the
 * menu's `goods`, in case the server is restored from a backup.
 */
export type Sale = Omit<KeptSale, 'id' | 'answered'> & { id?: string; approval?: Approval };

/** A sale that waits for the line; `orderNumber` is what to print on its bill, null where the device has no numbers left. */
export type QueuedSale = { id: string; orderNumber: string | null; placedAt: string };
export type Sold = { status: 'sold'; order: Order } | { status: 'queued'; sale: QueuedSale };

export type WaitingSale = QueuedSale & {
  shopId: string;
  sale: KeptSale;
  /**
   * False while its first try is under way, and after a crash in that moment: then nobody was told how it ended, and it
   * goes out with the others.
   */
  isQueued: boolean;
};
/** `printed` is the number on its bill if it was given one; the books have `order.orderNumber`. */
export type SentSale = {
  id: string;
  shopId: string;
  result: 'created' | 'same';
  order: Order;
  printed: string | null;
};
/** A sale that the server can't take as it is. It is kept until somebody says what becomes of it. */
export type Conflict = QueuedSale & {
  shopId: string;
  sale: KeptSale;
  problem: Problem;
  at: string;
};

export type Flushed = {
  sent: SentSale[];
  conflicts: Conflict[];
  /** How many are still to go. */
  left: number;
  /** Why they did not go. */
  error: Error | null;
};

/** As the store has it. */
export type Entry = Omit<WaitingSale, 'isQueued'> & { state: 'sending' | 'queued' };

/** Sorts by time of sale. */
export const oldestFirst = (a: Entry, b: Entry): number =>
  a.placedAt === b.placedAt ? (a.id < b.id ? -1 : 1) : a.placedAt < b.placedAt ? -1 : 1;

export const queuedOf = ({ id, orderNumber, placedAt }: Entry): Sold => ({
  status: 'queued',
  sale: { id, orderNumber, placedAt },
});

/** A line as the order route takes it, without the fields that only the till knows. */
export const onlineLine = ({ listPrice: _, goods: __, ...line }: KeptSale['items'][number]) => line;

/** What the server would refuse for its form is refused here, so that nothing waits that can never go. */
export function checkSale(sale: Sale & { id: string }, approval: Sale['approval'], placedAt: string): void {
  try {
    parse(NewOrder, { ...sale, items: sale.items?.map?.(onlineLine), ...(approval ? { approval } : {}) });
    parse(OfflineOrder, { ...sale, placedAt });
  } catch (error) {
    if (error instanceof ProblemError) throw localProblem(error.code, error.message, error.errors);
    throw error;
  }
}
