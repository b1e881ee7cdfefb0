import {
  type AuditRecord,
  listAudit as contract,
  orderActions,
  securityTypes,
} from '../../contract/audit.ts';
import { eventTypes } from '../../contract/events.ts';
import { parse } from '../../contract/parse.ts';
import { limits } from '../../contract/primitives.ts';
import { fieldProblem } from '../../contract/problem.ts';
import { listAudit } from '../../core/audit/list-audit.ts';
import { nameActor } from '../../core/audit/name-actor.ts';
import { INSTALLATION } from '../../core/audit/record-security.ts';
import { readPages } from '../../core/paging.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import { findShopByCode, listAllShops } from '../../core/shops/find-shops.ts';
import type { Shop } from '../../core/shops/shop.entity.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import type { Command } from '../command.ts';
import { auditWords } from '../output/audit-words.ts';
import { table } from '../output/table.ts';

const DEFAULT_LIMIT = 50;
/** More is for a program that reads the API page by page. */
const MAX_LIMIT = 10_000;

export const auditList: Command = {
  name: 'audit list',
  summary: 'List who did what, from which device, when: newest first',
  options: [
    {
      flags: '--shop <code>',
      description: 'one shop, by its code (default: all shops, and what belongs to none)',
    },
    { flags: '--from <time>', description: 'such as 2026-04-01T00:00:00Z' },
    { flags: '--to <time>', description: 'up to then' },
    {
      flags: '--type <type>',
      description: 'one type of record, such as settings_changed, signed_in, denied',
      values: [...eventTypes, ...securityTypes],
    },
    {
      flags: '--action <action>',
      description: 'what was done to bills: voided, refunded, edited, approved …',
      values: orderActions,
    },
    { flags: '--user <email>', description: 'one person' },
    { flags: '--device <id>', description: 'one device' },
    { flags: '--limit <number>', description: `how many (default ${DEFAULT_LIMIT})` },
  ],
  example: 'smoocho audit list --shop PIZA --action voided',
  async run(shell, { shop: code, from, to, type, action, user, device: deviceId, limit: asked }) {
    const wanted = readLimit(asked);
    await shell.withApp(async (app) => {
      const em = app.orm.em.fork();
      const shops = code === undefined ? await listAllShops(em) : [await findShopByCode(em, code as string)];
      const keepers = code === undefined ? [...shops, INSTALLATION_ITSELF] : shops;
      const userId = user === undefined ? undefined : (await findUserByEmail(em, user as string)).id;
      const limit = String(Math.min(wanted, limits.page.max));
      const filter = { from, to, type, action, userId, deviceId, limit };
      const query = parse(contract.query, filter);
      let shown: Shown[] = [];
      for (const keeper of keepers) {
        const read = (cursor: string | undefined) => listAudit(em, keeper.id, { ...query, cursor });
        const records = await readPages(read, wanted);
        // Each keeper comes newest first; a sort of equal times keeps its order. Cut at once: there may be many shops.
        const all = [...shown, ...records.map((record) => ({ keeper, record }))];
        shown = all.sort((a, b) => timeOf(b) - timeOf(a)).slice(0, wanted);
      }
      shell.show(shown.length === 0 ? 'There is no such record.' : readable(shown, shops));
      shell.give(shown.map(({ keeper, record }) => ({ ...record, shop: keeper.code })));
    });
    return undefined;
  },
};

/** The shop of the records. `code` is null for records of the installation. */
type Keeper = { id: string; code: string | null; currency: string };
type Shown = { keeper: Keeper; record: AuditRecord };

/** Who set it up, new keys, sign-ins of nobody known. */
const INSTALLATION_ITSELF: Keeper = { id: INSTALLATION, code: null, currency: '' };

/** The time zone of all these shops; undefined where there are several, or none. */
function oneZoneOf(shops: Shop[]): string | undefined {
  const zones = new Set(shops.map(({ timezone }) => timezone));
  return zones.size === 1 ? [...zones][0] : undefined;
}

const timeOf = ({ record }: Shown) => Date.parse(record.at);

function readLimit(text: unknown): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw fieldProblem('invalid_request', '/limit', `is not a number from 1 to ${MAX_LIMIT}`);
}

function readable(shown: Shown[], shops: Shop[]): string {
  const zone = oneZoneOf(shops);
  return table(shown, [
    {
      title: zone === undefined ? 'when (UTC)' : 'when',
      value: ({ record }) => {
        const { date, time } = wallClock(new Date(record.at), zone ?? 'UTC');
        return `${date} ${time}`;
      },
    },
    ...(shops.length > 1 ? [{ title: 'shop', value: ({ keeper }: Shown) => keeper.code ?? '–' }] : []),
    { title: 'who', value: ({ record }) => nameActor(record.actor) ?? 'somebody' },
    {
      title: 'device',
      value: ({ record: { deviceName, deviceId, address } }) => deviceName ?? deviceId ?? address ?? '',
    },
    { title: 'what', value: ({ record, keeper }) => auditWords(record, keeper.currency) },
  ]);
}
