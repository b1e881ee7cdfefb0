import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { startTestApp, type TestApp } from '../support/app.ts';
import { givenShop, type TestShop } from '../support/factories.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { addressOf, givenCopies, outcomeOf, WRONG } from '../support/sign-in-parts.ts';

describe('signing in with wrong passwords at several processes', () => {
  let redis: TestRedis;
  let near: TestApp;
  let far: TestApp;
  let shop: TestShop;

  before(async function () {
    requireRedis(this);
    redis = await startRedis();
    near = await startTestApp({ redisUrl: redis.url });
    far = await startTestApp({ redisUrl: redis.url, beside: near });
    shop = await givenShop(near, 'MANY');
    // Until both are connected, each counts alone.
    const once = { name: 'once', times: 1, seconds: 60 };
    await until(async () => {
      const key = randomUUID();
      return (await near.app.limits.take(once, key)) === 0 && (await far.app.limits.take(once, key)) > 0;
    });
  });
  after(async () => {
    await far?.close();
    await near?.close();
    await redis?.kill();
  });

  const tryAt = (apps: TestApp[], email: string) =>
    Promise.all(apps.map((app) => outcomeOf(app, { email, password: WRONG })));
  const kindsOf = (outcomes: string[]) => outcomes.map((outcome) => outcome.split(' ')[0]);

  it('counts them together, also those at once, and shows Redis no e-mail and no address', async () => {
    const [email] = (await givenCopies(near, shop.emails.owner, 1)) as [string];
    const outcomes = kindsOf(await tryAt([near, far, near, far, near, far, near, far, near, far], email));
    // Five, and one more for each second that a slow machine took.
    expect(outcomes.filter((kind) => kind === 'wrong_credentials').length).to.be.within(5, 6);
    expect(outcomes.filter((kind) => kind === 'wait').length).to.be.within(4, 5);
    const client = new Redis(redis.url);
    const keys = (await client.keys('*')).join('\n');
    client.disconnect();
    expect(keys).to.include(':sign-in:');
    expect(keys).to.not.include(email);
    expect(keys).to.not.include('@');
    expect(keys).to.not.include(addressOf(0));
  });

  it('goes on counting, each for itself, when Redis is gone, and together when it is back', async () => {
    const [email, other] = (await givenCopies(near, shop.emails.owner, 2)) as [string, string];
    expect(kindsOf(await tryAt([near, near, near], email))).to.deep.equal(Array(3).fill('wrong_credentials'));
    await redis.kill();
    const alone = kindsOf(await tryAt(Array(8).fill(far), email));
    expect(alone.filter((kind) => kind === 'wrong_credentials').length).to.be.within(5, 6);
    expect(alone).to.include('wait');
    await redis.start();
    await until(async () => {
      const key = randomUUID();
      const once = { name: 'once', times: 1, seconds: 60 };
      return (await near.app.limits.take(once, key)) === 0 && (await far.app.limits.take(once, key)) > 0;
    });
    const together = kindsOf(await tryAt([near, far, near, far, near, far, near, far], other));
    expect(together.filter((kind) => kind === 'wrong_credentials').length).to.be.within(5, 6);
  });
});
