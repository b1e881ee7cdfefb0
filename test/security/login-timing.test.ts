import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { hashPassword } from '../../src/core/auth/passwords.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { givenShop, PASSWORD, type TestShop } from '../support/factories.ts';
import { IS_LONG } from '../support/kills.ts';
import { medianOf, rankDeviations } from '../support/ranks.ts';
import { addressOf, givenCopies, outcomeOf, WRONG } from '../support/sign-in-parts.ts';

const OF_EACH = IS_LONG ? 300 : 100;
const EARLY = 'early@example.com';
/** By chance alone it is larger once in 15,000 runs. */
const MOST_DEVIATIONS = 4;
/** A machine that takes longer when nobody signs in is busy with something else: what it takes then says nothing about that. */
const MOST_ALONE_MS = { health: 50, hash: 50 };

describe('how long signing in takes', () => {
  let test: TestApp;
  let shop: TestShop;

  before(async () => {
    test = await startTestApp();
    shop = await givenShop(test, 'TIME');
  });
  after(() => test.close());

  it(`does not tell an account that is there from one that is not, ${OF_EACH} of each`, async () => {
    const known = await givenCopies(test, shop.emails.cashier, OF_EACH);
    await giveSessions(known);
    const pairs = known.map((email, n) => [
      { email, isKnown: true, address: addressOf(2 * n) },
      { email: `nobody-${email}`, isKnown: false, address: addressOf(2 * n + 1) },
    ]);
    // In turn, and each second pair the other way round: whatever else the machine does meets both alike.
    const attempts = pairs.flatMap((pair, n) => (n % 2 === 0 ? pair : pair.toReversed()));
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    const codes = new Set<string>();
    const work = async () => {
      for (let attempt = attempts.shift(); attempt; attempt = attempts.shift()) {
        const { email, address, isKnown } = attempt;
        const begun = performance.now();
        codes.add(await outcomeOf(test, { email, address, password: WRONG }));
        times[isKnown ? 'known' : 'unknown'].push(performance.now() - begun);
      }
    };
    await Promise.all([work(), work()]);
    expect([...codes]).to.deep.equal(['wrong_credentials']);

    const deviations = rankDeviations(times.known, times.unknown);
    const [a, b] = [medianOf(times.known), medianOf(times.unknown)];
    console.log(
      `    known ${a.toFixed(1)} ms, unknown ${b.toFixed(1)} ms (medians); ${deviations.toFixed(2)} deviations apart`,
    );
    expect(Math.abs(deviations)).to.be.below(MOST_DEVIATIONS);
    // It is no test that always passes. A try that is too early does all that others do but for the hashing.
    const unhashed: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      const begun = performance.now();
      if ((await outcomeOf(test, { email: EARLY, password: WRONG })) !== 'wrong_credentials') {
        unhashed.push(performance.now() - begun);
      }
    }
    expect(unhashed.length).to.be.above(50);
    expect(rankDeviations(times.known, unhashed)).to.be.above(2 * MOST_DEVIATIONS);
  }).timeout(400_000);

  /** As who comes back by PIN all day: more sessions than are looked at. */
  async function giveSessions(emails: string[]): Promise<void> {
    const db = await test.database.connect();
    await db.query(
      `INSERT INTO sessions (id, user_id, family_hash, refresh_hash, device_id, address, created_at, last_seen_at, expires_at, ended_at, end_reason)
       SELECT gen_random_uuid(), u.id, md5(u.email) || md5(n::text), md5(n::text) || md5(u.email), 'till-1', '10.9.0.' || n % 50,
         now() - n * interval '9 minutes', now(), now() + interval '10 days', now(), 'oldest'
       FROM users u, generate_series(1, 250) n WHERE u.email = ANY ($1)`,
      [emails],
    );
    await db.query('ANALYZE sessions');
  }

  it('leaves /healthz under 100 ms while 200 sign in at once, and bounds how many wait', async () => {
    const emails = await givenCopies(test, shop.emails.cashier, 200);
    // What else runs on this machine delays answers too, and is not what is measured.
    const alone = await watchHealth(sleep(2_000));
    const hashMs = await timeOfHash();
    const begun = performance.now();
    const logins = Promise.all(emails.map((email) => login(test.url, email)));
    const asked = await watchHealth(logins);
    const tookMs = performance.now() - begun;
    const answers = await logins;
    const statuses = answers.map(({ status }) => status);
    const signedIn = statuses.filter((status) => status === 200).length;
    console.log(
      `    ${signedIn} of 200 in after ${(tookMs / 1000).toFixed(1)} s; /healthz p99 ${p99Of(asked).toFixed(1)} ms of ${asked.length}, alone ${p99Of(alone).toFixed(1)} ms of ${alone.length}`,
    );
    // Those beyond the bounds, 132 and ten seconds, are told to come again: nobody is left hanging.
    expect(signedIn).to.be.at.least(10);
    for (const { status, headers } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, headers.get('retry-after')]).to.deep.equal([503, '5']);
    }
    expect(asked.length).to.be.above(100);
    if (p99Of(alone) >= MOST_ALONE_MS.health || hashMs >= MOST_ALONE_MS.hash) {
      console.log(`    not held to 100 ms: this machine is busy, a hash alone takes ${hashMs.toFixed(1)} ms`);
      return;
    }
    expect(signedIn).to.be.at.least(100);
    expect(p99Of(asked)).to.be.below(100);
  }).timeout(120_000);

  /** How long /healthz took each time until `work` is done, in milliseconds. */
  async function watchHealth(work: Promise<unknown>): Promise<number[]> {
    const asked: number[] = [];
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    while (!isOver) {
      const begun = performance.now();
      expect((await clientOf(test.url).get('/healthz')).status).to.equal(200);
      asked.push(performance.now() - begun);
      await sleep(5);
    }
    await over;
    return asked;
  }
});

/** With more patience than the usual client of the tests. */
const login = (url: string, email: string) =>
  fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
    signal: AbortSignal.timeout(100_000),
  });

/** Milliseconds that each of ten takes, in as many lanes as there are. */
async function timeOfHash(): Promise<number> {
  const begun = performance.now();
  await Promise.all(Array.from({ length: 10 }, () => hashPassword(PASSWORD)));
  return (performance.now() - begun) / 10;
}

const p99Of = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] as number;
