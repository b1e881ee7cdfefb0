import type { AuditRecord, OrderAction, SecurityType } from '../../contract/audit.ts';
import type { EventType } from '../../contract/events.ts';
import { count, formatMinute } from '../../figures.ts';
import { formatMoney } from './format.ts';

type Fields = Record<string, unknown>;
type Words = (
  after: Fields,
  before: Fields,
  money: (amount: unknown) => string,
  record: AuditRecord,
) => string;

/** What somebody did, as an owner would say it: `voided bill KULF/2627/000012, 240.00: wrong table`. */
export function auditWords(record: AuditRecord, currency: string): string {
  const money = (amount: unknown) => (typeof amount === 'string' ? formatMoney(amount, currency) : '');
  const words = typeWords[record.type];
  const said = words(fieldsOf(record.after), fieldsOf(record.before), money, record);
  const { times } = fieldsOf(record.after);
  return typeof times === 'number' ? `${said}, ${times} times` : said;
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const text = (value: unknown) => (value === undefined || value === null ? '' : String(value));
/** A part of a sentence that isn't always there. */
const also = (start: string, value: unknown) => (text(value) === '' ? '' : `${start}${text(value)}`);

/** Which fields were replaced, without those that every change moves. */
const fieldNames = (before: Fields) =>
  Object.keys(before)
    .filter((field) => !['version', 'updatedAt', 'isLow'].includes(field))
    .map((field) => field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))
    .join(', ');

const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

/** The payments, or returns, that an order did not have before: `50.00 by cash, 20.00 by card`. */
function newPayments(after: Fields, before: Fields, money: (amount: unknown) => string, isReturn: boolean) {
  const known = new Set(listOf(before.payments).map(({ id }) => id));
  return listOf(after.payments)
    .filter(({ id, kind }) => !known.has(id) && (kind === 'return') === isReturn)
    .map(({ amount, method }) => `${money(amount)} by ${text(method)}`)
    .join(', ');
}

const bill = (after: Fields, money: (amount: unknown) => string) =>
  `bill ${text(after.orderNumber)}, ${money(after.total)}`;

const actionWords: Record<
  OrderAction,
  (after: Fields, before: Fields, money: (amount: unknown) => string) => string
> = {
  voided: ({ voidReason }) => `voided${also(': ', voidReason)}`,
  refunded: ({ refunds, refunded }, _before, money) => {
    const last = fieldsOf(listOf(refunds).at(-1));
    const ways = listOf(last.payments).map(({ amount, method }) => `${money(amount)} by ${text(method)}`);
    return `refunded ${money(last.total) || money(refunded)}${also(' (', ways.join(', '))}${ways.length > 0 ? ')' : ''}${also(': ', last.reason)}`;
  },
  edited: ({ total }, before, money) =>
    before.total === undefined
      ? `changed ${fieldNames(before)}`
      : `changed from ${money(before.total)} to ${money(total)}`,
  paid: (after, before, money) =>
    `paid ${newPayments(after, before, money, false)}${after.paymentStatus === 'completed' ? '' : ', in part'}`,
  given_back: (after, before, money) => `gave back ${newPayments(after, before, money, true)}`,
  corrected: ({ audit }) =>
    listOf(fieldsOf(audit).changedPayments)
      .map(
        ({ from, to, reason }) =>
          `corrected a payment from ${text(from)} to ${text(to)}${also(': ', reason)}`,
      )
      .join('; '),
  moved: ({ status }) => `now ${text(status)}`,
  item_voided: ({ audit }) => takenOff(fieldsOf(audit).takenOff),
  flagged: () => 'flagged',
  reviewed: () => 'looked at its flags',
  approved: () => 'allowed by a manager',
};

/** Formats a recorded time as `2026-05-10 03:00 UTC`. */
const utcMinute = (at: unknown) => (typeof at === 'string' ? formatMinute(at) : '');

const takenOff = (items: unknown) =>
  listOf(items)
    .map(
      ({ quantity, name, variantName, reason }) =>
        `took off ${text(quantity)} ${text(name)}${also(' ', variantName)}${also(': ', reason)}`,
    )
    .join('; ');

const changedBill: Words = (after, before, money, { actions }) => {
  const done = actions.map((action) => actionWords[action](after, before, money));
  return `${bill(after, money)}: ${done.join('; ') || 'changed'}`;
};

const stock: Words = ({ name, quantity, unit }, before) => {
  const moved = before.quantity === undefined ? '' : `${text(before.quantity)} → `;
  const others = fieldNames({ ...before, quantity: undefined }).replace(/(^|, )quantity/, '');
  return `stock of ${text(name)}: ${moved}${text(quantity)} ${text(unit)}${also('; changed ', others.replace(/^, /, ''))}`;
};

const product: Words = ({ name, price }, before, money) => {
  const was = before.name === undefined ? text(name) : `${text(before.name)} (now ${text(name)})`;
  if (before.price === undefined) return `changed ${was}${also(': ', fieldNames(before))}`;
  const { price: _, name: __, ...others } = before;
  return `changed price of ${was} ${money(before.price)} → ${money(price)}${also('; ', fieldNames(others))}`;
};

const drawer: Words = (after, before, money) => {
  const place = text(after.deviceId) || 'main drawer';
  if (after.status === 'closed')
    return `counted ${place}: ${money(after.counted)}, ${money(after.variance)} off, Z ${text(after.zNumber)}`;
  if (before.cashMovements === undefined) return `opened ${place} with ${money(after.openingFloat)}`;
  const movement = fieldsOf(listOf(after.cashMovements).at(-1));
  const allowed = fieldsOf(after.audit).approvedBy === undefined ? '' : ', allowed by a manager';
  const way = movement.type === 'in' ? 'put in' : 'took out';
  return `${place}: ${way} ${money(movement.amount)}${also(', ', movement.reason)}${allowed}`;
};

const typeWords: Record<EventType | SecurityType, Words> = {
  order_created: (after, _, money, { actions }) =>
    `${after.status === 'open' ? 'opened' : 'sold'} ${bill(after, money)}${actions.includes('approved') ? ', allowed by a manager' : ''}`,
  order_updated: changedBill,
  product_created: ({ name, price }, _, money) => `added ${text(name)} at ${money(price)}`,
  product_updated: product,
  product_deleted: (_, { name, price }, money) => `took ${text(name)} off the menu, ${money(price)}`,
  inventory_updated: stock,
  stock_low: ({ name, quantity, unit }) => `${text(name)} is low: ${text(quantity)} ${text(unit)}`,
  settings_changed: (_, before) => `changed settings${also(': ', fieldNames(before))}`,
  shop_updated: (_, before) => `changed the shop${also(': ', fieldNames(before))}`,
  shift_updated: drawer,
  user_created: ({ name, role }) => `added ${text(name)} as ${text(role)}`,
  user_updated: ({ name, role, shopId }, before) =>
    shopId === null
      ? `took ${text(name)} out of the shop`
      : `changed ${text(name)}${before.role === undefined ? also(': ', fieldNames(before)) : `: ${text(before.role)} → ${text(role)}`}`,
  data_imported: ({ kind, orders, products }) =>
    `imported ${text(kind)}: ${kind === 'sales' ? count(Number(orders), 'bill') : `${count(Number(products), 'product')} made or changed`}`,

  signed_in: ({ method }) => `signed in${method === 'pin' ? ' by PIN' : ''}`,
  sign_in_failed: ({ email, name, method }) =>
    `could not sign in${also(' as ', email ?? name)}${method === 'pin' ? ' by PIN' : ''}`,
  sign_in_delayed: ({ email, name }) => `has to wait before signing in${also(' as ', email ?? name)}`,
  signed_out: () => 'signed out',
  session_ended: ({ name }) => `ended a session${also(' of ', name)}`,
  refresh_reused: () => 'was signed out: an old token of the session was used again',
  pin_locked: ({ name }) => `the PIN${also(' of ', name)} is locked`,
  password_changed: ({ name }) => `changed the password${also(' of ', name)}`,
  email_changed: ({ name }) => `changed the e-mail${also(' of ', name)}`,
  pin_changed: ({ name }) => `changed the PIN${also(' of ', name)}`,
  approval_failed: ({ email }) => `an approval was refused${also(', by ', email)}`,
  payout_refused: ({ amount }, _, money) => `was refused a pay-out of ${money(amount)}`,
  denied: ({ route, code, detail }) =>
    detail === undefined
      ? `was refused: ${text(route)} (${text(code).replaceAll('_', ' ')})`
      : `was refused: ${text(detail)}`,
  limited: ({ route }) => `sent too many requests: ${text(route)}`,
  device_paired: ({ name }) => `paired device ${text(name)}`,
  device_renamed: ({ before, after }) => `renamed device ${text(before)} to ${text(after)}`,
  device_revoked: ({ name }) => `revoked device ${text(name)}`,
  // Records older than epochs have no label.
  numbers_lent: ({ name, series, fiscalYear, label = fiscalYear, first, last }) =>
    `lent numbers ${text(first)} to ${text(last)} of ${text(series)}/${text(label)} to device ${text(name)}`,
  pairing_code_made: ({ name }) => `made a pairing code for ${text(name)}`,
  pairing_failed: () => 'tried a wrong pairing code',
  customer_changed: ({ fields }) =>
    `changed a customer${also(': ', Array.isArray(fields) ? fields.join(', ') : undefined)}`,
  report_exported: ({ report, from, to }) =>
    from === null && to === null
      ? `exported ${text(report)}`
      : `exported ${text(report)}, ${text(from ?? 'the first day')} to ${text(to ?? 'the last')}`,
  setup_claimed: ({ by }) => `set the installation up${also(', by ', by)}`,
  setup_failed: () => 'tried a wrong setup token',
  shop_created: ({ name, code }) => `opened shop ${text(name)} (${text(code)})`,
  secrets_rotated: ({ name }) =>
    name === 'database-password'
      ? 'gave the database a new password'
      : name === 'image-store'
        ? 'gave the image store new keys'
        : 'made new keys',
  backup_created: ({ file }) => `made a backup: ${text(file)}`,
  restored: ({ reason, backupId, backupMadeAt }) =>
    reason === 'undone'
      ? 'undid a restore'
      : `restored all data from backup ${text(backupId)}${also(' of ', utcMinute(backupMadeAt))}`,
};
