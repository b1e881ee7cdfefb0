import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { ProblemError } from '../../src/contract/problem.ts';
import type { Origin } from '../../src/core/auth/find-origin.ts';
import { countTry, growingDelay } from '../../src/core/auth/growing-delay.ts';
import { type Bounds, lookWithin, signInBounds } from '../../src/core/auth/login-throttle.ts';
import { networkOf } from '../../src/core/auth/network.ts';
import { openLimits } from '../../src/redis/limits.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenDevice } from '../support/device-parts.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import {
  addressOf,
  givenCopies,
  outcomeOf,
  outcomesOf,
  securityLog,
  WRONG,
} from '../support/sign-in-parts.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe('a growing delay', () => {
  const delay = growingDelay('test', 5, 3 * 3_600);

  afterEach(() => mock.timers.reset());

  it('lets five tries come at once, then doubles the wait up to a quarter of an hour, and forgets after hours', async () => {
    const limits = await openLimits(undefined, 'test');
    let now = Date.now();
    mock.timers.enable({ apis: ['Date'], now });
    const pass = async (seconds: number) => {
      now += seconds * 1_000;
      mock.timers.setTime(now);
    };
    const wait = async () => (await countTry(limits, delay, 'ann')).waitSeconds;
    for (let n = 0; n < 5; n += 1) expect(await wait()).to.equal(0);
    const waits: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      waits.push(await wait());
      await pass((waits.at(-1) as number) - 1);
      // A second too early, however often, and it grows no longer by that.
      for (let early = 0; early < 20; early += 1) expect(await wait()).to.equal(1);
      await pass(1);
      expect(await wait()).to.equal(0);
    }
    expect(waits).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    await pass(3 * 3_600);
    for (let n = 0; n < 5; n += 1) expect(await wait()).to.equal(0);
    expect(await wait()).to.equal(1);
  });

  it('lets no more of a hundred tries at once through than of a hundred one after another', async () => {
    const limits = await openLimits(undefined, 'test');
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const tries = await Promise.all(Array.from({ length: 100 }, () => countTry(limits, delay, 'ann')));
    expect(tries.filter(({ waitSeconds }) => waitSeconds === 0)).to.have.length(5);
    expect(new Set(tries.map(({ waitSeconds }) => waitSeconds))).to.deep.equal(new Set([0, 1]));
  });

  it('takes a try back that was not made, also the one that closed the gate', async () => {
    const limits = await openLimits(undefined, 'test');
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    for (let n = 0; n < 20; n += 1) await (await countTry(limits, delay, 'ann')).takeBack();
    for (let n = 0; n < 4; n += 1) await countTry(limits, delay, 'ann');
    for (let n = 0; n < 5; n += 1) {
      const last = await countTry(limits, delay, 'ann');
      expect(last.waitSeconds).to.equal(0);
      await last.takeBack();
    }
    await countTry(limits, delay, 'ann');
    expect((await countTry(limits, delay, 'ann')).waitSeconds).to.equal(1);
  });

  it('takes the addresses that one attacker has at once for one', () => {
    const networks = {
      '198.51.100.7': '198.51.100.7',
      '::ffff:198.51.100.7': '198.51.100.7',
      '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
      '2001:db8:1:2::ffff': '2001:db8:1:2::/64',
      '2001:DB8:0001:2::': '2001:db8:1:2::/64',
      '2001:db8::1': '2001:db8:0:0::/64',
      'fe80::1%eth0': 'fe80:0:0:0::/64',
      '::1': '0:0:0:0::/64',
      unknown: 'unknown',
    };
    for (const [address, network] of Object.entries(networks)) expect(networkOf(address)).to.equal(network);
  });
});

describe('signing in with wrong passwords', () => {
  let test: TestApp;
  let shop: TestShop;
  let email: string;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'ABUS');
  });
  beforeEach(async () => {
    [email] = (await givenCopies(test, shop.emails.owner, 1)) as [string];
  });
  afterEach(() => mock.timers.reset());
  after(() => test.close());

  const stopClock = () => {
    let now = Date.now();
    mock.timers.enable({ apis: ['Date'], now });
    return (ms: number) => {
      now += ms;
      mock.timers.setTime(now);
    };
  };
  const wrong = (count: number, more: object = {}) =>
    Array.from({ length: count }, () => ({ email, password: WRONG, ...more }));
  const refused = (count: number) => Array<string>(count).fill('wrong_credentials');

  it('delays the next try more each time, the right password too, until it was right in its time', async () => {
    const pass = stopClock();
    expect(await outcomesOf(test, wrong(7))).to.deep.equal([...refused(5), 'wait 1', 'wait 1']);
    expect(await outcomeOf(test, { email })).to.equal('wait 1');
    pass(1_000);
    expect(await outcomesOf(test, wrong(2))).to.deep.equal(['wrong_credentials', 'wait 2']);
    pass(2_000);
    expect(await outcomesOf(test, wrong(2))).to.deep.equal(['wrong_credentials', 'wait 4']);
    pass(4_000);
    expect(await outcomeOf(test, { email })).to.equal('in');
    expect(await outcomesOf(test, wrong(5))).to.deep.equal(refused(5));
  });

  it('answers over HTTP with Retry-After and a sentence, and lets in whoever waited', async () => {
    const login = (password: string) => clientOf(test.url).post('/api/auth/login', { email, password });
    for (let n = 0; n < 5; n += 1) expect((await login(WRONG)).status).to.equal(401);
    const early = await login(PASSWORD);
    expect([early.status, early.headers.get('retry-after')]).to.deep.equal([429, '1']);
    expect(early.body.detail).to.equal('Too many wrong passwords were tried here. Try again in a second.');
    await sleep(1_050);
    expect((await login(PASSWORD)).status).to.equal(200);
  });

  it('looks at no more of a hundred that come at once than of a hundred one by one, and logs no more', async () => {
    const login = () => clientOf(test.url).post('/api/auth/login', { email, password: WRONG });
    const answers = await Promise.all(Array.from({ length: 100 }, login));
    const looked = answers.filter(({ status }) => status === 401).length;
    expect(answers.filter(({ status }) => status === 429)).to.have.length(100 - looked);
    // Five, and one more for each second that a slow machine took.
    expect(looked).to.be.within(5, 7);
    const logged = (await securityLog(test))
      .filter(({ details }) => details.email === email)
      .map(({ type }) => type);
    expect(logged.filter((type) => type === 'sign_in_failed')).to.have.length(looked);
    expect(logged.filter((type) => type === 'sign_in_delayed').length).to.be.within(1, looked - 4);
    expect(logged).to.have.length.at.most(2 * looked - 4);
  });

  it('lets many in who bring the right password all at once', async () => {
    const login = () => clientOf(test.url).post('/api/auth/login', { email, password: PASSWORD });
    const answers = await Promise.all(Array.from({ length: 12 }, login));
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(12).fill(200));
  });

  it('treats an account that is not there, or is disabled, the same', async () => {
    const [disabled] = (await givenCopies(test, shop.emails.manager, 1)) as [string];
    const client = await test.database.connect();
    await client.query('UPDATE users SET disabled_at = now() WHERE email = $1', [disabled]);
    const pass = stopClock();
    const seen: string[][] = [];
    for (const each of [email, 'nobody@example.com', disabled]) {
      const outcomes: string[] = [];
      const password = each === disabled ? PASSWORD : WRONG;
      const tryIt = () => outcomeOf(test, { email: each, password, address: addressOf(7) });
      for (let n = 0; n < 6; n += 1) outcomes.push(await tryIt());
      pass(1_000);
      for (let n = 0; n < 2; n += 1) outcomes.push(await tryIt());
      seen.push(outcomes);
    }
    expect(seen[0]).to.deep.equal([...refused(5), 'wait 1', 'wrong_credentials', 'wait 2']);
    expect(seen[1]).to.deep.equal(seen[0]);
    expect(seen[2]).to.deep.equal(seen[0]);
  });

  it('does not lock the owner out where they are known, however many addresses an attacker has', async () => {
    const pass = stopClock();
    const paired = await givenDevice(test, shop);
    const tablet = { id: 'tablet', name: 'Tablet' };
    const home = addressOf(901);
    expect(await outcomeOf(test, { email, device: tablet, address: home })).to.equal('in');
    for (let n = 0; n < 20; n += 1) expect(await guess(test, email, `net ${n}`)).to.equal('wrong');
    for (let step = 0; step < 6; step += 1) {
      expect(await guess(test, email, `late ${step}`)).to.equal('account');
      pass(2 ** step * 1_000);
      expect(await guess(test, email, `late ${step}`)).to.equal('wrong');
    }
    // Nobody can tell the owner from the others in a place where they never were.
    expect(await outcomeOf(test, { email, address: addressOf(902) })).to.equal('wait 64');
    const known = [
      { email, address: home },
      { email, device: tablet, address: addressOf(903) },
      { email, device: { id: paired.device.id, token: paired.deviceToken }, address: addressOf(904) },
    ];
    expect(await outcomesOf(test, known)).to.deep.equal(['in', 'in', 'in']);
    // A device that only says that it is paired is not.
    const forged = { id: paired.device.id, token: 'x'.repeat(43) };
    expect(await outcomeOf(test, { email, device: forged, address: addressOf(905) })).to.equal('wait 64');
  });

  it('knows an owner by their network, whose IPv6 address is another one each day', async () => {
    stopClock();
    expect(await outcomeOf(test, { email, address: '2001:db8:7:1:a1:b2:c3:d4' })).to.equal('in');
    expect(await outcomeOf(test, { email, address: '198.51.100.200' })).to.equal('in');
    for (let n = 0; n < 20; n += 1) expect(await guess(test, email, `net ${n}`)).to.equal('wrong');
    const tomorrow = [
      { email, address: '2001:db8:7:1:ffff:1:2:3' },
      { email, address: '::ffff:198.51.100.200' },
      { email, address: '2001:db8:7:2:a1:b2:c3:d4' },
    ];
    expect(await outcomesOf(test, tomorrow)).to.deep.equal(['in', 'in', 'wait 1']);
  });

  it('does not lock the owner out on a device that is known, when the attacker is at the same address', async () => {
    stopClock();
    const paired = await givenDevice(test, shop);
    const device = { id: paired.device.id, token: paired.deviceToken };
    const tablet = { id: 'tablet', name: 'Tablet' };
    const address = addressOf(911);
    expect(await outcomeOf(test, { email, device: tablet, address })).to.equal('in');
    // Other names of devices are no other places.
    const attack = wrong(6, { address }).map((attempt, n) => ({
      ...attempt,
      device: { id: `phone-${n}`, name: 'Phone' },
    }));
    expect(await outcomesOf(test, attack)).to.deep.equal([...refused(5), 'wait 1']);
    const known = [
      { email, address },
      { email, device: tablet, address },
      { email, device, address },
    ];
    expect(await outcomesOf(test, known)).to.deep.equal(['wait 1', 'in', 'in']);
  });

  it("takes nobody for a shop's till who only knows its id, which the feed tells", async () => {
    stopClock();
    const paired = await givenDevice(test, shop);
    const till = { id: paired.device.id, token: paired.deviceToken };
    const address = addressOf(915);
    expect(await outcomeOf(test, { email, device: till })).to.equal('in');
    expect(await outcomesOf(test, wrong(5, { address }))).to.deep.equal(refused(5));
    const claims = [till.id, till.id.toUpperCase()].map((id) => ({ id, name: 'Till' }));
    const attempts = claims.map((device) => ({ email, device, address }));
    expect(await outcomesOf(test, attempts)).to.deep.equal(['wait 1', 'wait 1']);
    expect(await outcomeOf(test, { email, device: till, address })).to.equal('in');
  });

  it('delays guesses on a device that is known as well, and takes none of another shop for known', async () => {
    stopClock();
    const paired = await givenDevice(test, shop);
    const device = { id: paired.device.id, token: paired.deviceToken };
    const guesses = Array.from({ length: 6 }, (_, n) => ({
      ...wrong(1)[0],
      email,
      device,
      address: addressOf(n),
    }));
    expect(await outcomesOf(test, guesses)).to.deep.equal([...refused(5), 'wait 1']);
    const other = await givenShop(test, 'OTHR');
    const foreign = await givenDevice(test, other);
    const from = { id: foreign.device.id, token: foreign.deviceToken };
    const address = addressOf(921);
    expect(await outcomesOf(test, wrong(6, { device: from, address }))).to.deep.equal([
      ...refused(5),
      'wait 1',
    ]);
    // The same place without it.
    expect(await outcomeOf(test, { email, address })).to.equal('wait 1');
  });

  it('delays guesses on however many devices of the shop, and the owner nowhere else', async () => {
    const pass = stopClock();
    const home = addressOf(925);
    const tablet = { id: 'tablet', name: 'Tablet' };
    expect(await outcomeOf(test, { email, address: home, device: tablet })).to.equal('in');
    for (let n = 0; n < 60; n += 1) {
      const place = ['paired', `till ${Math.floor(n / 5)}`];
      const at = { place, isKnown: true, isKnownDevice: true, pairedWith: shop.id, deviceId: null };
      expect(await guessWithin(boundsAt(test, email, at))).to.equal('wrong');
    }
    const paired = await givenDevice(test, shop);
    const device = { id: paired.device.id, token: paired.deviceToken };
    expect(await outcomeOf(test, { email, device })).to.equal('wait 1');
    const elsewhere = [
      { email, address: home },
      { email, address: addressOf(926), device: tablet },
      { email, address: addressOf(927) },
    ];
    expect(await outcomesOf(test, elsewhere)).to.deep.equal(['in', 'in', 'in']);
    // A colleague at the same till.
    expect(await outcomeOf(test, { email: shop.emails.cashier, device })).to.equal('in');
    pass(1_000);
    expect(await outcomeOf(test, { email, device })).to.equal('in');
    const delays = (await securityLog(test, 'sign_in_delayed')).filter(
      ({ details }) => details.email === email,
    );
    expect(delays.map(({ details }) => [details.scope, details.seconds])).to.deep.equal([['shop', 1]]);
  });

  it('stops a list of e-mails from one network, and from many, but not devices that are known', async () => {
    stopClock();
    const paired = await givenDevice(test, shop);
    const device = { id: paired.device.id, token: paired.deviceToken };
    const home = addressOf(931);
    expect(await outcomeOf(test, { email, address: home })).to.equal('in');
    const from = (network: string) => (n: number) => guess(test, `guest${n}@example.com`, network);
    const first = await many(1_001, from(networkOf(home)));
    expect(first).to.deep.equal({ wrong: 1_000, network: 1 });
    const there = [
      { email, address: home },
      { email, address: home, device },
      { email, address: addressOf(932) },
    ];
    expect((await outcomesOf(test, there)).map((outcome) => outcome.split(' ')[0])).to.deep.equal([
      'wait',
      'in',
      'in',
    ]);
    const rest: Record<string, number> = {};
    for (let n = 1; n < 6; n += 1) {
      for (const [outcome, count] of Object.entries(await many(1_001, from(`net ${n}`)))) {
        rest[outcome] = (rest[outcome] ?? 0) + count;
      }
    }
    expect(rest.wrong).to.be.within(3_900, 4_000);
    expect(rest.all).to.be.above(0);
    const known = [
      { email, address: home, device },
      { email, address: addressOf(932) },
      { email, address: addressOf(933) },
    ];
    expect((await outcomesOf(test, known)).map((outcome) => outcome.split(' ')[0])).to.deep.equal([
      'in',
      'in',
      'wait',
    ]);
    mock.timers.setTime(Date.now() + HOUR_MS + MINUTE_MS);
    expect(await outcomeOf(test, { email, address: addressOf(934) })).to.equal('in');
  });

  it('counts no try that nobody looked at', async () => {
    stopClock();
    const busy = async () => {
      throw new ProblemError('too_busy');
    };
    for (let n = 0; n < 30; n += 1) {
      const error = await lookWithin(boundsOf(test, email, 'cellar'), busy).catch((error) => error);
      expect(error.code).to.equal('too_busy');
    }
    for (let n = 0; n < 5; n += 1) {
      expect(await lookWithin(boundsOf(test, email, 'cellar'), async () => false)).to.equal(false);
    }
  });

  it('keeps nobody waiting for the crowd in another place', async () => {
    let done = 0;
    const slow = async () => {
      await sleep(20);
      done += 1;
      return true;
    };
    const crowd = Array.from({ length: 130 }, (_, n) =>
      lookWithin(boundsOf(test, `${n}@example.com`, 'crowd'), slow),
    );
    await sleep(5);
    await lookWithin(boundsOf(test, email, 'elsewhere'), slow);
    expect(done).to.be.below(20);
    await Promise.all(crowd);
  });

  it('lets a till in that signed in before while 60 addresses fill the line of those who did not', async () => {
    const till = { email: shop.emails.cashier, device: { id: 'till-7', name: 'Till 7' } };
    expect(await outcomeOf(test, { ...till, address: addressOf(900) })).to.equal('in');
    const outcomes: string[] = [];
    const crowd = Array.from({ length: 60 }, (_, n) =>
      Array.from({ length: 3 }, async (_, try_) => {
        const email = `nobody-${n}-${try_}@example.com`;
        outcomes.push(await outcomeOf(test, { email, address: addressOf(300 + n), password: WRONG }));
      }),
    ).flat();
    // Some are turned away: the line is full.
    while (!outcomes.includes('too_busy')) await sleep(1);
    const looked = () => outcomes.filter((outcome) => outcome === 'wrong_credentials').length;
    const before = looked();
    expect(await outcomeOf(test, { ...till, address: addressOf(901) })).to.equal('in');
    // Two that ran, and one in turn; some more are told while its session is written.
    expect(looked() - before).to.be.below(20);
    await Promise.all(crowd);
    expect(outcomes.length).to.equal(180);
  });

  it('keeps those who are not known out of the line of those who are, at one address', () => {
    const origin = { place: ['network', 'shop'], isKnownDevice: false, pairedWith: null, deviceId: null };
    const lineOf = (isKnown: boolean) => boundsAt(test, email, { ...origin, isKnown }).line;
    expect(lineOf(true)).not.to.equal(lineOf(false));
  });

  it('lets no crowd grow beyond a bound', async () => {
    const slow = async () => {
      await sleep(20);
      return true;
    };
    const outcomes = await Promise.all(
      Array.from({ length: 140 }, () =>
        lookWithin(boundsOf(test, email, 'crowd'), slow).then(
          () => 'in',
          (error) => error.code,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'in')).to.have.length(132);
    expect(outcomes.filter((outcome) => outcome === 'too_busy')).to.have.length(8);
  });

  it('keeps in the log whose account was tried, and never what was typed', async () => {
    const address = addressOf(941);
    const typed = 'Hunter2-Hunter2@example.com'.toLowerCase();
    const device = { id: 'phone', name: 'Phone' };
    await outcomeOf(test, { email, password: WRONG, device, address });
    await outcomeOf(test, { email: typed, password: WRONG, address });
    const rows = (await securityLog(test)).filter((row) => row.address === address);
    const common = {
      type: 'sign_in_failed',
      actor: { kind: 'user', id: null, name: '' },
      address,
    };
    expect(rows).to.deep.equal([
      { ...common, chain_id: shop.id, device_id: 'phone', details: { email, isDisabled: false } },
      { ...common, chain_id: '00000000-0000-0000-0000-000000000000', device_id: null, details: {} },
    ]);
    expect(JSON.stringify(rows)).to.not.match(new RegExp(`hunter2|${WRONG}`, 'i'));
  });

  it('points in the log at no till whose token was not shown', async () => {
    const address = addressOf(942);
    const { device, deviceToken } = await givenDevice(test, shop);
    const { id } = device;
    const claims = [
      { id, name: 'Till' },
      { id: id.toUpperCase(), name: 'Till' },
      { id, token: 'x'.repeat(43) },
      { id, token: deviceToken },
    ];
    await outcomesOf(
      test,
      claims.flatMap((claim) => wrong(1, { address, device: claim })),
    );
    const rows = (await securityLog(test, 'sign_in_failed')).filter((row) => row.address === address);
    expect(rows.map((row) => row.device_id)).to.deep.equal([null, null, null, id]);
  });

  it('delays guesses of the own password too, for who finds a till left open', async () => {
    const change = (currentPassword: string) =>
      shop.cashier.put('/api/auth/profile', { email: 'thief@example.com', currentPassword });
    for (let n = 0; n < 5; n += 1) expect((await change(WRONG)).status).to.equal(401);
    expect((await change(PASSWORD)).status).to.equal(429);
  });
});

const boundsAt = ({ app }: TestApp, email: string, origin: Origin): Bounds =>
  signInBounds(
    app,
    email,
    origin,
    async ({ scope, waitSeconds }) =>
      new ProblemError('too_many_requests', { extra: { scope, retryAfter: waitSeconds } }),
  );

const boundsOf = (test: TestApp, email: string, network: string): Bounds =>
  boundsAt(test, email, {
    place: ['network', network],
    isKnown: false,
    isKnownDevice: false,
    pairedWith: null,
    deviceId: null,
  });

/** A wrong guess without the work of hashing it: `wrong`, or what it was too many for. */
const guessWithin = async (bounds: Bounds): Promise<string> =>
  await lookWithin(bounds, async () => false).then(
    () => 'wrong',
    ({ extra }) => extra.scope,
  );

const guess = (test: TestApp, email: string, network: string): Promise<string> =>
  guessWithin(boundsOf(test, email, network));

async function many(count: number, work: (n: number) => Promise<string>): Promise<Record<string, number>> {
  const outcomes: Record<string, number> = {};
  for (let n = 0; n < count; n += 1) {
    const outcome = await work(n);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}
