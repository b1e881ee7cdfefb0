import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { type Attention, AttentionNeeded } from '../../src/contract/attention.ts';
import { endAttention, raiseAttention } from '../../src/core/attention/attention.ts';
import { recordBackupRun } from '../../src/core/attention/backup-runs.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import type { Client } from '../support/client.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { connectEar, type Ear, until } from '../support/feed-ear.ts';
import { givenPerson, givenWorld, type World } from '../support/world.ts';

const failed = { code: 'backup_failed', severity: 'problem', detail: 'The disk is full.' } as const;

describe('what needs the owner', () => {
  // No Redis joins them: what one raises the other finds in the database.
  let near: TestApp;
  let far: TestApp;
  let world: World;
  let shop: TestShop;
  let other: TestShop;
  const ears: Ear[] = [];

  before(async () => {
    near = await startTestApp();
    far = await startTestApp({ beside: near });
    world = await givenWorld(near, 'OWN');
    shop = world.shop;
    other = await givenShop(near, 'ELSE');
  });
  afterEach(async () => {
    for (const { socket } of ears.splice(0)) socket.disconnect();
    for (const code of ['backup_failed', 'backup_overdue', 'backup_key_missing'] as const) await end(code);
  });
  after(async () => {
    await far.close();
    await near.close();
  });

  // As a command does, in a process that serves nobody.
  const raise = (raised: Parameters<typeof raiseAttention>[1]) =>
    raiseAttention(systemContext(near.app, 'test'), raised);
  const end = (code: Attention['code']) =>
    endAttention(systemContext(near.app, 'test'), code as typeof failed.code);

  async function listen(client: Pick<Client, 'token'>, { id }: TestShop, { url }: TestApp): Promise<Ear> {
    const ear = await connectEar(url, { token: client.token, shopId: id });
    ears.push(ear);
    return ear;
  }
  /** The presence of its own says that a socket of a manager or an owner has all that it gets at the beginning. */
  const codesOf = ({ attention }: Ear) =>
    attention.map(({ data }) => [data.code, data.severity, data.detail, data.endedAt !== null]);
  const inForce = (ear: Ear) => until(async () => ear.attention.length > 0);

  it('is listed for owners of any shop, problems first, with the last backups', async () => {
    await raise({ code: 'backup_key_missing', severity: 'warning', detail: 'Only this box can open them.' });
    await raise(failed);
    await recordBackupRun(systemContext(near.app, 'test'), {
      kind: 'verify',
      startedAt: new Date('2026-10-01T21:30:00Z'),
      endedAt: new Date('2026-10-01T21:31:00Z'),
      file: '/mnt/usb/one.smoocho',
      sizeBytes: 1_000,
      error: null,
    });
    for (const owner of [shop.owner, other.owner]) {
      const { status, body } = await owner.get('/api/attention');
      expect(status).to.equal(200);
      expect(body.data.map(({ code, endedAt }: Attention) => [code, endedAt])).to.deep.equal([
        ['backup_failed', null],
        ['backup_key_missing', null],
      ]);
      expect(body.backup).to.deep.equal({
        lastCreatedAt: null,
        lastVerifiedAt: '2026-10-01T21:31:00.000Z',
        lastDrillAt: null,
      });
    }
    await end('backup_failed');
    const { body } = await other.owner.get('/api/attention');
    expect(body.data.map(({ code }: Attention) => code)).to.deep.equal(['backup_key_missing']);
  });

  it('reaches the owners of every shop, in every process, as it is raised, changes and ends', async () => {
    const owners = [
      await listen(shop.owner, shop, near),
      await listen(shop.owner, shop, far),
      await listen(other.owner, other, near),
      await listen(other.owner, other, far),
    ];
    const others = [
      await listen(shop.manager, shop, near),
      await listen(shop.cashier, shop, far),
      await listen(other.manager, other, far),
      await listen(other.cashier, other, near),
    ];
    await raise(failed);
    await Promise.all(owners.map(inForce));
    await raise({ ...failed, detail: 'The disk is gone.' });
    await until(() => owners.every(({ attention }) => attention.length === 2));
    await raise({ code: 'backup_overdue', severity: 'problem', detail: 'None for days.' });
    await end('backup_failed');
    await end('backup_overdue');
    const last = (ear: Ear) => ear.attention.filter(({ data }) => data.endedAt !== null).length;
    await until(() => owners.every((ear) => last(ear) === 2));
    for (const ear of owners) {
      for (const told of ear.attention) expect(AttentionNeeded.safeParse(told).error).to.equal(undefined);
      expect(codesOf(ear).filter(([code]) => code === 'backup_failed')).to.deep.equal([
        ['backup_failed', 'problem', 'The disk is full.', false],
        ['backup_failed', 'problem', 'The disk is gone.', false],
        ['backup_failed', 'problem', 'The disk is gone.', true],
      ]);
      expect(ear.events).to.deep.equal([]);
    }
    for (const ear of others) expect(ear.attention).to.deep.equal([]);
  });

  it('is told to an owner who connects, as it is then, and to nobody else', async () => {
    await raise(failed);
    await raise({ ...failed, detail: 'Still full.' });
    await raise({ code: 'backup_key_missing', severity: 'warning', detail: 'Only this box can open them.' });
    await raise({ code: 'backup_overdue', severity: 'problem', detail: 'None for days.' });
    await end('backup_overdue');
    for (const test of [near, far]) {
      const ear = await listen(other.owner, other, test);
      await until(() => ear.attention.length === 2);
      expect(codesOf(ear)).to.deep.equal([
        ['backup_failed', 'problem', 'Still full.', false],
        ['backup_key_missing', 'warning', 'Only this box can open them.', false],
      ]);
      const [manager, cashier] = [
        await listen(shop.manager, shop, test),
        await listen(shop.cashier, shop, test),
      ];
      // What they hear of each other came after what they were told at the beginning.
      await until(() => manager.activity.length > 0);
      await raise({ ...failed, detail: `Full for whoever is at ${test.url}.` });
      await until(() => ear.attention.length === 3);
      expect([manager.attention, cashier.attention]).to.deep.equal([[], []]);
      await raise({ ...failed, detail: 'Still full.' });
      await until(() => ear.attention.length === 4);
    }
  });

  const losses: [how: string, sql: string][] = [
    ['was made a manager', "UPDATE users SET role = 'manager' WHERE id = $1"],
    ['was disabled', 'UPDATE users SET disabled_at = now() WHERE id = $1'],
    ['was signed out', 'UPDATE sessions SET ended_at = now() WHERE user_id = $1'],
  ];
  for (const [how, sql] of losses) {
    it(`is not told to an owner who ${how} in the same moment`, async () => {
      const [person, witness] = [await givenPerson(world, 'owner'), await listen(shop.owner, shop, far)];
      const ear = await listen({ token: person.accessToken }, shop, far);
      await raise({
        code: 'backup_key_missing',
        severity: 'warning',
        detail: 'Only this box can open them.',
      });
      await Promise.all([ear, witness].map(inForce));
      // Shortly before the next look, so that it comes before the one that closes such sockets, most of the time.
      await sleep(1_850);
      // One transaction: whoever sees what is raised sees that this one is no owner any more.
      const context = systemContext(near.app, 'test');
      await context.em.transactional(async (em) => {
        await em
          .getConnection()
          .execute(sql.replace('$1', '?'), [person.id], 'run', em.getTransactionContext());
        await raiseAttention({ ...context, em }, failed);
      });
      await until(() => witness.attention.length === 2);
      await until(() => ear.closed.length === 1);
      expect(codesOf(ear)).to.deep.equal([
        ['backup_key_missing', 'warning', 'Only this box can open them.', false],
      ]);
    });
  }

  it('comes again when an owner connects again, until it has ended', async () => {
    await raise(failed);
    const first = await listen(shop.owner, shop, near);
    await inForce(first);
    first.socket.disconnect();
    const second = await listen(shop.owner, shop, far);
    await inForce(second);
    await end('backup_failed');
    await until(() => second.attention.length === 2);
    const third = await listen(shop.owner, shop, near);
    await raise({ code: 'backup_overdue', severity: 'problem', detail: 'None for days.' });
    await inForce(third);
    expect(codesOf(third)).to.deep.equal([['backup_overdue', 'problem', 'None for days.', false]]);
  });
});
