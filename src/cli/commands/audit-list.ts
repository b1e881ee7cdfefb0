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
import { findShopByCode } from '../../core/shops/find-shops.ts';
import { findUserByEmail } from '../../core/users/find-user.ts';
import type { Command } from '../command.ts';
import { auditWords } from '../output/audit-words.ts';
import { table } from '../output/table.ts';

const DEFAULT_LIMIT = 50;
/** More is for a program that reads the API page by page. */
const MAX_LIMIT = 10_000;

export const auditList: Command = {
  name: 'audit list',
  summary: 'List who did what in a shop, from which device, when: newest first',
  options: [
    { flags: '--shop <code>', description: 'the shop, by its code (default: what belongs to no shop)' },
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
      const shop = code === undefined ? INSTALLATION_ITSELF : await findShopByCode(em, code as string);
      const userId = user === undefined ? undefined : (await findUserByEmail(em, user as string)).id;
      const limit = String(Math.min(wanted, limits.page.max));
      const filter = { from, to, type, action, userId, deviceId, limit };
      const query = parse(contract.query, filter);
      const read = (cursor: string | undefined) => listAudit(em, shop.id, { ...query, cursor });
      const shown: AuditRecord[] = await readPages(read, wanted);
      shell.show(shown.length === 0 ? 'There is no such record.' : readable(shown, shop));
      shell.give(shown);
    });
    return undefined;
  },
};

/** Who set it up, new keys, sign-ins of nobody known. */
const INSTALLATION_ITSELF = { id: INSTALLATION, timezone: 'UTC', currency: '' };

function readLimit(text: unknown): number {
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw fieldProblem('invalid_request', '/limit', `is not a number from 1 to ${MAX_LIMIT}`);
}

type Place = { timezone: string; currency: string };

function readable(records: AuditRecord[], { timezone, currency }: Place): string {
  return table(records, [
    {
      title: 'when',
      value: ({ at }) => {
        const { date, time } = wallClock(new Date(at), timezone);
        return `${date} ${time}`;
      },
    },
    { title: 'who', value: ({ actor }) => nameActor(actor) ?? 'somebody' },
    {
      title: 'device',
      value: ({ deviceName, deviceId, address }) => deviceName ?? deviceId ?? address ?? '',
    },
    { title: 'what', value: (record) => auditWords(record, currency) },
  ]);
}
