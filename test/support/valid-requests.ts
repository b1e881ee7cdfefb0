import { randomUUID } from 'node:crypto';
import type { Route } from '../../src/contract/route.ts';
import type { Role } from '../../src/contract/users.ts';
import { type Answer, type Client, JSON_TYPE } from './client.ts';
import { givenItem, PASSWORD } from './factories.ts';
import { answeredBill, givenFlaggedOrder, offlineBill } from './offline-requests.ts';
import {
  approvalOf,
  billOf,
  cursorOf,
  firstDay,
  fiver,
  givenOpenOrder,
  givenSoldOrder,
  inCash,
  inShop,
  lastDay,
  lineOf,
  newShop,
  nuts,
  productFields,
  settingsFields,
  setupToken,
  TOTAL,
  tenth,
  unique,
  variantFields,
} from './request-parts.ts';
import { deviceRequests, loginOnDevice } from './valid-device-requests.ts';
import { feedRequests } from './valid-feed-requests.ts';
import { imageRequests } from './valid-image-requests.ts';
import { reportRequests } from './valid-report-requests.ts';
import { tillRequests } from './valid-till-requests.ts';
import { userRequests } from './valid-user-requests.ts';
import { givenPerson, givenSession, givenSundae, type Person, type World } from './world.ts';

/** A request that succeeds when `person` sends it, with as many fields as it can have. */
export type ValidRequest = {
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** Sent in place of `body`, for a route that takes a file. */
  file?: { bytes: Buffer; type: string };
  /** For a route that lets anybody in and decides by the body: the role that this body needs. */
  least?: Role;
  /** It changes what the next one of its kind is made from: two at once would get in each other's way. */
  goesAlone?: boolean;
};

export type Builder = (world: World, person: Person) => ValidRequest | Promise<ValidRequest>;

/** Each route's requests by its name. Several where no single one can have every field. */
const validRequests: Record<string, Builder[]> = {
  login: [
    (_, { email }) => ({ body: { email, password: PASSWORD, device: { id: 'till-1', name: 'Till 1' } } }),
    loginOnDevice,
  ],
  register: [
    ({ shop }) => ({
      least: 'manager',
      body: {
        email: `${randomUUID()}@example.com`,
        name: 'Ravi',
        password: PASSWORD,
        pin: '4071',
        role: 'cashier',
        shopId: shop.id,
      },
    }),
    async (world) => ({
      goesAlone: true,
      body: {
        email: `${randomUUID()}@example.com`,
        name: 'Meera',
        password: PASSWORD,
        pin: '4071',
        setupToken: await setupToken(world),
        shop: newShop(),
      },
    }),
  ],
  refresh: [(_, { refreshToken }) => ({ body: { refreshToken, attempt: `attempt-${randomUUID()}` } })],
  logout: [() => ({})],
  listSessions: [() => ({})],
  endSession: [async (world, person) => ({ params: { sessionId: await givenSession(world, person) } })],
  getProfile: [() => ({})],
  updateProfile: [
    () => ({
      body: {
        name: 'Asha',
        email: `${randomUUID()}@example.com`,
        password: `${PASSWORD}!`,
        pin: '4071',
        currentPassword: PASSWORD,
        version: 1,
      },
    }),
  ],

  listShops: [() => ({})],
  createShop: [() => ({ body: newShop() })],
  getShop: [(world) => ({ params: inShop(world) })],
  updateShop: [
    async (world) => {
      const { body } = await world.shop.owner.get(world.shop.path);
      const { code, currency, version } = body;
      const change = { name: 'Corner', timezone: 'Asia/Kolkata', dayStart: '00:00', code, currency, version };
      return { goesAlone: true, params: inShop(world), body: change };
    },
  ],
  getSettings: [(world) => ({ params: inShop(world) })],
  updateSettings: [
    async (world) => {
      const { body } = await world.shop.owner.get(world.shop.path);
      return { goesAlone: true, params: inShop(world), body: { ...settingsFields, version: body.version } };
    },
  ],

  listProducts: [
    async (world) => ({
      params: inShop(world),
      query: {
        limit: '10',
        cursor: await cursorOf(world, '/products'),
        search: 'sun',
        category: 'Ice cream',
        sku: 'A-1',
        barcode: '890',
        isActive: 'true',
      },
    }),
  ],
  createProduct: [
    (world) => ({
      params: inShop(world),
      body: {
        ...productFields(world),
        variants: [variantFields()],
        modifierGroups: [{ name: 'Toppings', min: 0, max: 2, modifiers: [nuts] }],
      },
    }),
  ],
  getProduct: [(world) => ({ params: { ...inShop(world), productId: world.sundae.id } })],
  updateProduct: [
    async (world) => {
      const { id, version, variants, modifierGroups } = await givenSundae(world);
      const [group] = modifierGroups;
      const fields = productFields(world);
      const variantId = variants[0]?.id as string;
      const body = {
        ...fields,
        variants: [{ ...variantFields(), id: variantId }],
        modifierGroups: [{ ...group, modifiers: [{ ...nuts, id: group?.modifiers[0]?.id }] }],
        recipe: [{ ...fields.recipe[0], variantId }],
        version,
      };
      return { params: { ...inShop(world), productId: id }, body };
    },
  ],
  deleteProduct: [
    async (world) => {
      const { id, version } = await givenSundae(world);
      return { params: { ...inShop(world), productId: id }, body: { version } };
    },
  ],

  ...imageRequests,

  listInventory: [
    async (world) => ({
      params: inShop(world),
      query: { limit: '10', cursor: await cursorOf(world, '/inventory'), low: 'false' },
    }),
  ],
  createInventoryItem: [
    (world) => ({
      params: inShop(world),
      body: {
        name: unique('Cream'),
        unit: 'kg',
        quantity: '2.500',
        cost: 90,
        reorderLevel: 1,
        policy: 'deny',
      },
    }),
  ],
  updateInventoryItem: ['count', 'adjust'].map((how) => async (world: World) => {
    const { id, version } = await givenItem(world.shop);
    const settings = { name: unique('Cream'), unit: 'kg', cost: '9.50', reorderLevel: '1.5', policy: 'warn' };
    const reason = how === 'count' ? 'count' : 'waste';
    const body = { id: randomUUID(), [how]: '7.250', reason, note: 'shelf 3', ...settings, version };
    return { params: { ...inShop(world), itemId: id }, body };
  }),
  listMovements: [
    async (world) => ({
      params: { ...inShop(world), itemId: world.milk.id },
      query: { limit: '10', cursor: await cursorOf(world, `/inventory/${world.milk.id}/movements`) },
    }),
  ],

  listOrders: [
    async (world) => ({
      params: inShop(world),
      query: {
        limit: '10',
        cursor: await cursorOf(world, '/orders'),
        status: 'completed',
        from: firstDay,
        to: lastDay,
        orderNumber: 'OWN/2627/000001',
        paymentStatus: 'completed',
        customerId: randomUUID(),
        tableNumber: '7',
        flagged: 'true',
      },
    }),
  ],
  placeOrder: [
    (world) => {
      const body = { id: randomUUID(), ...billOf(lineOf(world, tenth), fiver), payments: [inCash()] };
      const approval = approvalOf(world);
      return { params: inShop(world), body: { ...body, approval, expectedTotal: TOTAL } };
    },
    (world) => ({
      params: inShop(world),
      body: { id: randomUUID(), ...billOf(lineOf(world, fiver), tenth), paymentMethod: 'upi' },
    }),
  ],
  replayOrders: [
    async (world) => ({
      params: inShop(world),
      body: { orders: [{ ...(await offlineBill(world, fiver, tenth)), paymentMethod: 'upi' }] },
    }),
    async (world) => ({
      params: inShop(world),
      body: {
        orders: [
          { ...(await answeredBill(world, tenth, fiver)), payments: [inCash()], expectedTotal: TOTAL },
        ],
      },
    }),
  ],
  reviewOrder: [
    async (world) => ({
      params: { ...inShop(world), orderId: (await givenFlaggedOrder(world)).id },
    }),
  ],
  getOrder: [
    async (world) => ({ params: { ...inShop(world), orderId: (await givenOpenOrder(world)).id as string } }),
  ],
  updateOrder: [
    async (world) => {
      const { id, items, version } = await givenOpenOrder(world, 2);
      const bill = billOf({ ...lineOf(world, tenth), id: items[0].id }, fiver);
      const voidItems = [{ id: items[1].id, quantity: '2', reason: 'one too many', voidId: randomUUID() }];
      const approval = approvalOf(world);
      const body = { ...bill, voidItems, payments: [inCash()], approval, version };
      return { params: { ...inShop(world), orderId: id }, body };
    },
    async (world) => {
      const { id } = await givenOpenOrder(world, 2);
      const deposits = ['2', '3'].map((amount) => ({ id: randomUUID(), method: 'cash', amount }));
      const path = `${world.shop.path}/orders/${id}`;
      const { version } = (await world.shop.cashier.put(path, { payments: deposits })).body;
      const [first, second] = deposits.map((deposit) => deposit.id);
      const body = {
        returnPayments: [{ id: randomUUID(), paymentId: first, amount: '1' }],
        changePayments: [{ id: second, method: 'card', reason: 'typed wrong' }],
        status: 'preparing',
        version,
      };
      return { params: { ...inShop(world), orderId: id }, body };
    },
  ],
  voidOrder: [
    async (world) => {
      const { id, version } = await givenOpenOrder(world);
      return { params: { ...inShop(world), orderId: id }, body: { reason: 'left without paying', version } };
    },
  ],
  refundOrder: [
    async (world) => {
      const { id, items } = await givenSoldOrder(world);
      const lines = [{ lineId: items[0].id, quantity: '1' }];
      const body = { id: randomUUID(), lines, reason: 'melted', restock: true, method: 'cash' };
      return { params: { ...inShop(world), orderId: id }, body };
    },
    async (world) => {
      const { id } = await givenSoldOrder(world);
      const body = { id: randomUUID(), reason: 'melted', payments: [{ method: 'cash' }] };
      return { params: { ...inShop(world), orderId: id }, body };
    },
  ],

  ...tillRequests,

  ...deviceRequests,
  ...feedRequests,

  ...reportRequests,
  ...userRequests,
};

/** The builders of a route's valid requests. Throws for a route that nobody has written one for. */
export function buildersOf({ name }: Route): Builder[] {
  const builders = validRequests[name];
  if (builders) return builders;
  throw new Error(`The route ${name} has no valid request yet: add one in test/support/valid-requests.ts.`);
}

/** The path with its parameters, which are encoded already where they need be, and its query. */
export function urlOf(route: Route, params: Record<string, string> = {}, query: Record<string, string> = {}) {
  const path = route.path.replace(/:(\w+)/g, (_, name) => params[name] as string);
  const search = new URLSearchParams(query).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** The role that a request needs. */
export const leastRole = (route: Route, request: ValidRequest) => request.least ?? route.permission;

/** A request of the shop's, with the token of somebody who may just send it; null where nobody needs one. */
export async function prepare(world: World, route: Route, build: Builder) {
  const isOpen = route.permission === 'nobody' || route.permission === 'any';
  const person = await givenPerson(world, isOpen ? 'cashier' : (route.permission as Role));
  const request = await build(world, person);
  const sender = request.least ? await givenPerson(world, request.least) : person;
  return { request, token: leastRole(route, request) === 'nobody' ? null : sender.accessToken };
}

/** Sends a request; `text` in place of its body. */
export const sendTo = (client: Client, route: Route, request: ValidRequest, text?: string): Promise<Answer> =>
  client.send(
    route.method.toUpperCase(),
    urlOf(route, request.params, request.query),
    text === undefined ? contentOf(request) : { body: text, headers: JSON_TYPE },
  );

/** The body and headers to send for a request. */
export function contentOf({ body, file }: ValidRequest): {
  body?: string | Buffer;
  headers: Record<string, string>;
} {
  if (file) return { body: file.bytes, headers: { 'content-type': file.type } };
  return body === undefined ? { headers: {} } : { body: JSON.stringify(body), headers: JSON_TYPE };
}
