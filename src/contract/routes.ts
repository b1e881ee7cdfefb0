import * as activity from './activity.ts';
import * as attention from './attention.ts';
import * as audit from './audit.ts';
import * as auth from './auth.ts';
import * as customers from './customers.ts';
import * as devices from './devices.ts';
import * as events from './events.ts';
import * as images from './images.ts';
import * as inventory from './inventory.ts';
import * as offline from './offline-orders.ts';
import * as orders from './orders.ts';
import * as products from './products.ts';
import * as reports from './reports.ts';
import type { Route } from './route.ts';
import * as shifts from './shifts.ts';
import * as shops from './shops.ts';
import * as staff from './staff.ts';

/** The whole API. A route that is not in this list does not exist. */
export const routes: readonly Route[] = [
  auth.login,
  auth.register,
  auth.pinLogin,
  auth.listPinPeople,
  auth.refresh,
  auth.logout,
  auth.listSessions,
  auth.endSession,
  auth.getProfile,
  auth.updateProfile,

  shops.listShops,
  shops.createShop,
  shops.getShop,
  shops.updateShop,
  shops.getSettings,
  shops.updateSettings,

  staff.listUsers,
  staff.createUser,
  staff.updateUser,
  staff.deleteUser,

  products.listProducts,
  products.createProduct,
  products.getProduct,
  products.updateProduct,
  products.deleteProduct,
  images.setProductImage,
  images.removeProductImage,
  images.getImage,

  inventory.listInventory,
  inventory.createInventoryItem,
  inventory.updateInventoryItem,
  inventory.listMovements,

  orders.listOrders,
  orders.placeOrder,
  orders.getOrder,
  orders.updateOrder,
  orders.voidOrder,
  orders.refundOrder,
  orders.reviewOrder,
  offline.replayOrders,

  shifts.listShifts,
  shifts.openShift,
  shifts.addCashMovement,
  shifts.closeShift,
  shifts.getShiftReport,

  customers.listCustomers,
  customers.getCustomer,
  customers.updateCustomer,

  devices.listDevices,
  devices.createPairingCode,
  devices.pairDevice,
  devices.renameDevice,
  devices.revokeDevice,
  devices.leaseNumbers,

  activity.listActivity,
  events.listEvents,
  audit.listAudit,
  attention.listAttention,

  reports.salesReport,
  reports.taxReport,
  reports.paymentsReport,
  reports.shiftsReport,
  reports.inventoryReport,
  reports.marginsReport,
  reports.staffReport,
  reports.sellersReport,
];
