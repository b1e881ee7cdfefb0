import { expect } from 'chai';
import { Option } from 'commander';
import { z } from 'zod';
import type { Command } from '../../src/cli/command.ts';
import { entries } from '../../src/cli/commands.ts';
import { routeCommands, routesWithoutCommand } from '../../src/contract/route-commands.ts';
import { routes } from '../../src/contract/routes.ts';

/** What is wrong with the two lists, in sentences; for the program's own lists there must be none. */
function findGaps(
  names: string[],
  commands: string[],
  reached: Readonly<Record<string, readonly string[]>>,
  excused: Readonly<Record<string, string>>,
): string[] {
  const [has, without] = [new Set(Object.keys(reached)), new Set(Object.keys(excused))];
  return [
    ...names.filter((name) => !has.has(name) && !without.has(name)).map((name) => `${name} has no command`),
    ...names.filter((name) => has.has(name) && without.has(name)).map((name) => `${name} is in both lists`),
    ...[...has, ...without].filter((name) => !names.includes(name)).map((name) => `${name} is no route`),
    ...Object.entries(reached).flatMap(([name, words]) => [
      ...(words.length === 0 ? [`${name} names no command`] : []),
      ...words.filter((word) => !commands.includes(word)).map((word) => `${name}: ${word} is no command`),
    ]),
    ...Object.entries(excused)
      .filter(([, reason]) => !/^[A-Z].{20,}\.$/.test(reason))
      .map(([name]) => `${name} has no reason`),
  ];
}

/** Fields of requests that commands call otherwise, or take as an argument; `*`: of any route. */
const CALLED: Record<string, Record<string, string>> = {
  '*': {
    version: 'what was read is what is changed',
    password: '--password-file',
    currentPassword: 'a command needs no sign-in',
    isActive: '--active',
    cursor: '--cursor',
  },
  register: {
    setupToken: 'init needs none',
    role: '--role',
    shopId: '--shop',
    shop: 'init',
    pin: 'user set-pin',
  },
  createUser: { pin: 'user set-pin' },
  updateUser: { email: '--new-email', pin: 'user set-pin', isDisabled: 'user disable' },
  updateProfile: { email: '--new-email', pin: 'user set-pin' },
  updateInventoryItem: { count: 'inventory count', adjust: '--by', id: 'a command is not sent twice' },
  listOrders: { orderNumber: 'order show', customerId: '--customer', tableNumber: '--table' },
  listAudit: { userId: '--user', deviceId: '--device' },
  listShifts: { open: 'shift list shows all', limit: 'shift list shows all' },
  listDevices: { limit: 'device list shows all' },
};

const fieldsOf = ({ body, query }: { body?: z.ZodType | undefined; query?: z.ZodType | undefined }) =>
  [body, query].flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : []));

/** Fields of the routes' requests that none of their commands can name. */
async function findUnnamed(): Promise<string[]> {
  const commands = new Map<string, Command>();
  for (const { name, load } of entries) commands.set(name, await load());
  return routes.flatMap(({ name, body, query }) => {
    const options = (routeCommands[name] ?? []).flatMap((words) => commands.get(words)?.options ?? []);
    const named = new Set(options.map(({ flags }) => new Option(flags).attributeName()));
    if (options.length === 0 || named.has('file')) return [];
    const fields = fieldsOf({ body, query });
    const isCalled = (field: string) => field in (CALLED[name] ?? {}) || field in (CALLED['*'] ?? {});
    return fields
      .filter((field) => !named.has(field) && !isCalled(field))
      .map((field) => `${name}: no command has its ${field}`);
  });
}

describe('what can be done by HTTP', () => {
  const names = routes.map(({ name }) => name);
  const commands = entries.map(({ name }) => name);

  it('can be done by a command, or the list says why not', () => {
    expect(findGaps(names, commands, routeCommands, routesWithoutCommand)).to.deep.equal([]);
  });

  it('can be said by the options of the commands, field by field', async () => {
    expect(await findUnnamed()).to.deep.equal([]);
    const gone = Object.entries(CALLED)
      .filter(([name]) => name !== '*')
      .flatMap(([name, fields]) => {
        const route = routes.find((known) => known.name === name);
        return Object.keys(fields).filter((field) => !route || !fieldsOf(route).includes(field));
      });
    expect(gone).to.deep.equal([]);
  });

  it('is missed when a route or a command comes or goes', () => {
    const reason = 'A device does this by itself.';
    const gaps = findGaps(
      ['old', 'new', 'both'],
      ['shop list'],
      { old: ['shop list'], both: ['shop gone'], gone: [] },
      { both: reason, past: 'later' },
    );
    expect(gaps).to.deep.equal([
      'new has no command',
      'both is in both lists',
      'gone is no route',
      'past is no route',
      'both: shop gone is no command',
      'gone names no command',
      'past has no reason',
    ]);
  });
});
