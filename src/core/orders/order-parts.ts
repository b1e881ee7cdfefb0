import type { Refund } from '../../contract/refunds.ts';
import type { SettingsValues } from '../../contract/settings.ts';
import type { Payment } from '../payments/payment.entity.ts';
import type { Order } from './order.entity.ts';

/** An order with everything that its view shows; payments and refunds oldest first. */
export type OrderParts = { order: Order; payments: Payment[]; refunds: Refund[]; settings: SettingsValues };
