import { Session } from './auth/session.entity.ts';
import { Modifier, ModifierGroup, Product, ProductVariant, RecipeLine } from './catalog/product.entity.ts';
import { Customer } from './customers/customer.entity.ts';
import { Device } from './devices/device.entity.ts';
import { InventoryItem } from './inventory/inventory-item.entity.ts';
import { Order } from './orders/order.entity.ts';
import { Payment } from './payments/payment.entity.ts';
import { CashMovement, Shift } from './shifts/shift.entity.ts';
import { Shop } from './shops/shop.entity.ts';
import { User } from './users/user.entity.ts';

/** Every entity. Counters, ledgers and the feed have none: they are written and read by SQL alone. */
export const entities = [
  User,
  Session,
  Shop,
  Product,
  ProductVariant,
  ModifierGroup,
  Modifier,
  RecipeLine,
  InventoryItem,
  Order,
  Payment,
  Customer,
  Shift,
  CashMovement,
  Device,
];
