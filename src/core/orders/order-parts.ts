import type { Refund } from '../../contract/refunds.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';

/** An order with the parts of its view; payments and refunds oldest first. */
export type OrderParts = { order: Order; payments: Payment[]; refunds: Refund[]; settings: SettingsValues };
