import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Activity } from '../../src/contract/activity.ts';
import { UserActivity } from '../../src/contract/events.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, signedIn, signIn, type TestShop } from '../support/factories.ts';
import { connectEar, type Ear, openEar, until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe('who is on which device', () => {
  let test: TestApp;
  let shop: TestShop;
  const ears: Ear[] = [];

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'HERE');
  });
  afterEach(async () => {
    for (const { socket } of ears.splice(0)) socket.disconnect();
    await until(async () => (await activity()).length === 0);
  });
  after(() => test.close());

  const activity = async (client = shop.manager): Promise<Activity[]> =>
    (await client.get(`${shop.path}/activity`)).body.data;

  async function listen(token: string | null, url = test.url): Promise<Ear> {
    const ear = await connectEar(url, { token, shopId: shop.id });
    ears.push(ear);
    return ear;
  }

  async function onDevice(name: string): Promise<string> {
    const device = { id: name.toLowerCase(), name };
    const { body } = await clientOf(test.url).post('/api/auth/login', {
      email: shop.emails.cashier,
      password: PASSWORD,
      device,
    });
    return body.accessToken;
  }

  it('shows the same person on two devices twice, until each is gone', async () => {
    const [bar, door] = [await listen(await onDevice('Bar')), await listen(await onDevice('Door'))];
    await until(async () => (await activity()).length === 2);
    const people = await activity();
    expect(people.map(({ deviceName }) => deviceName)).to.deep.equal(['Bar', 'Door']);
    expect(new Set(people.map(({ userId }) => userId)).size).to.equal(1);
    expect(people[0]).to.include({ name: 'cashier of HERE', role: 'cashier', deviceId: 'bar' });
    bar.socket.disconnect();
    await until(async () => (await activity()).length === 1);
    expect((await activity())[0]?.deviceName).to.equal('Door');
    expect(door.closed).to.deep.equal([]);
  });

  it('tells managers as it happens, and cashiers nothing', async () => {
    const manager = await listen(shop.manager.token);
    const cashier = await listen(shop.cashier.token);
    const told = () =>
      manager.activity.map(({ isWhole, data }) => [isWhole, data.map((each) => [each.role, each.isOnline])]);
    await until(() => told().flat(2).length > 2);
    await until(() => manager.activity.some(({ data }) => data.some((each) => each.role === 'cashier')));
    const [first] = told();
    expect(first).to.deep.equal([true, [['manager', true]]]);
    cashier.socket.disconnect();
    await until(() => manager.activity.at(-1)?.data.at(-1)?.isOnline === false);
    for (const message of manager.activity) expect(UserActivity.safeParse(message).error).to.equal(undefined);
    expect(told().at(-1)).to.deep.equal([false, [['cashier', false]]]);
    expect(
      told()
        .slice(1)
        .every(([isWhole]) => isWhole === false),
    ).to.equal(true);
    expect(cashier.activity).to.deep.equal([]);
    expect((await shop.cashier.get(`${shop.path}/activity`)).status).to.equal(403);
  });

  it('tells 300 devices of a shop that come at once of each other in few messages, and all of them the same', async () => {
    const [DEVICES, EACH] = [300, 10];
    let messages = 0;
    const there = new Map<number, Set<string>>();
    const sessions = await Promise.all(
      Array.from({ length: DEVICES / EACH }, () => signedIn(test, shop.emails.manager)),
    );
    const opened = sessions.flatMap(({ token }) =>
      Array.from({ length: EACH }, () => openEar(test.url, { token, shopId: shop.id })),
    );
    ears.push(...opened);
    for (const [n, { socket }] of opened.entries()) {
      const known = new Set<string>();
      there.set(n, known);
      socket.on('user_activity', ({ isWhole, data }: UserActivity) => {
        messages += 1;
        if (isWhole) known.clear();
        for (const { id, isOnline } of data) isOnline ? known.add(id) : known.delete(id);
      });
    }
    const all = () => [...there.values()];
    await until(() => all().every(({ size }) => size === DEVICES), 60_000);
    const ids = (await activity()).map(({ id }) => id).sort();
    for (const known of all()) expect([...known].sort()).to.deep.equal(ids);
    console.log(`      ${messages} messages; one a change to each would be 45,150`);
    expect(messages).to.be.below(45_150 / 5);
    // One goes, and everybody hears it.
    ears[0]?.socket.disconnect();
    await until(
      () =>
        all()
          .slice(1)
          .every(({ size }) => size === DEVICES - 1),
      20_000,
    );
  }).timeout(120_000);

  it('says when a device was last heard of, and drops one within 30 s that is only half there', async () => {
    const line = await startTcpProxy(test.url);
    await listen(shop.cashier.token, line.url);
    await until(async () => (await activity()).length === 1);
    const [before] = await activity();
    await until(async () => (await activity())[0]?.lastSeenAt !== before?.lastSeenAt, 15_000);
    line.pause();
    const begun = Date.now();
    await until(async () => (await activity()).length === 0, 30_000);
    expect(Date.now() - begun).to.be.above(1_000);
    await line.close();
  }).timeout(120_000);

  describe('with two processes', () => {
    let redis: TestRedis;
    let near: TestApp;
    let far: TestApp;
    let busy: TestShop;

    before(async function () {
      requireRedis(this);
      redis = await startRedis();
      near = await startTestApp({ redisUrl: redis.url });
      busy = await givenShop(near, 'BOTH');
      far = await startTestApp({ redisUrl: redis.url, beside: near });
    });
    after(async () => {
      await far?.close();
      await near?.close();
      await redis?.kill();
    });

    it('shows in each who is on the other, and closes there the sockets of whoever signs out here', async () => {
      const leaver = await signIn(near, busy.emails.cashier);
      const manager = await connectEar(near.url, { token: busy.manager.token, shopId: busy.id });
      const ear = await connectEar(far.url, { token: leaver.token, shopId: busy.id });
      ears.push(manager, ear);
      const namesAt = async (url: string) =>
        (await clientOf(url, busy.manager.token).get(`${busy.path}/activity`)).body.data.map(
          ({ role }: Activity) => role,
        );
      for (const url of [near.url, far.url]) {
        await until(async () => (await namesAt(url)).join() === 'manager,cashier');
      }
      await leaver.post('/api/auth/logout');
      await sleep(1_000);
      expect(ear.closed).to.have.length(1);
      const hasGone = ({ data }: UserActivity) =>
        data.some((each) => each.role === 'cashier' && !each.isOnline);
      await until(() => manager.activity.some(hasGone));
    });
  });
});
