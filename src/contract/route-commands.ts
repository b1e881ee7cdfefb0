/**
 * Everything that an owner can do by HTTP can be done by command: each route's name, and the commands that do the same. A route
 * is here or in `routesWithoutCommand`.
 */
export const routeCommands: Readonly<Record<string, readonly string[]>> = {
  listSessions: ['user sessions'],
  endSession: ['user revoke'],
  getProfile: ['user list'],
  updateProfile: ['user set', 'user set-pin', 'user reset-password'],

  listShops: ['shop list'],
  createShop: ['shop create'],
  getShop: ['shop show'],
  updateShop: ['shop set'],
  getSettings: ['settings show'],
  updateSettings: ['settings set'],

  register: ['init', 'user create'],
  listUsers: ['user list'],
  createUser: ['user create'],
  updateUser: [
    'user set',
    'user set-pin',
    'user set-role',
    'user reset-password',
    'user disable',
    'user enable',
  ],
  deleteUser: ['user disable'],

  listProducts: ['product list'],
  createProduct: ['product add'],
  getProduct: ['product show'],
  updateProduct: ['product set'],
  deleteProduct: ['product remove'],
  setProductImage: ['product set-image', 'import images'],
  removeProductImage: ['product remove-image'],

  listInventory: ['inventory list'],
  createInventoryItem: ['inventory add'],
  updateInventoryItem: ['inventory set', 'inventory count', 'inventory adjust'],
  listMovements: ['inventory movements'],

  listOrders: ['order list'],
  getOrder: ['order show'],
  voidOrder: ['order void'],
  refundOrder: ['order refund'],
  reviewOrder: ['order review'],

  listShifts: ['shift list'],
  getShiftReport: ['shift report'],

  listCustomers: ['customer list'],
  getCustomer: ['customer show'],
  updateCustomer: ['customer set'],

  listDevices: ['device list'],
  createPairingCode: ['device pair'],
  renameDevice: ['device rename'],
  revokeDevice: ['device revoke'],

  listAudit: ['audit list'],
  listAttention: ['status'],

  salesReport: ['report sales'],
  taxReport: ['report tax'],
  paymentsReport: ['report payments'],
  shiftsReport: ['report shifts'],
  inventoryReport: ['report inventory'],
  marginsReport: ['report margins'],
  staffReport: ['report staff'],
  sellersReport: ['report sellers'],
};

const SIGN_IN = 'A command needs no sign-in: whoever can read the secrets of the home may do everything.';
const TILL = 'A sale is rung up at a till, in front of a customer, by somebody who is signed in there.';
const DRAWER =
  'Cash is counted where the drawer is, by who stands at it; see it with shift list and shift report.';
const OF_DEVICE = 'A device does this by itself.';

/** Routes that no command stands for, and why. */
export const routesWithoutCommand: Readonly<Record<string, string>> = {
  login: SIGN_IN,
  pinLogin: SIGN_IN,
  listPinPeople: SIGN_IN,
  refresh: SIGN_IN,
  logout: SIGN_IN,

  placeOrder: TILL,
  updateOrder: TILL,
  replayOrders: OF_DEVICE,

  openShift: DRAWER,
  addCashMovement: DRAWER,
  closeShift: DRAWER,

  pairDevice: OF_DEVICE,
  leaseNumbers: OF_DEVICE,

  getImage:
    'It serves the file of a picture to whoever has its address; product show says whether there is one.',
  listActivity:
    'Who is connected is known to the running server alone; device list says when each was last seen.',
  listEvents: 'It keeps a client up to date; what happened is in audit list.',
};
