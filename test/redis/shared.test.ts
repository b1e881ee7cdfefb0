import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type Bus, type Message, openBus } from '../../src/redis/bus.ts';
import { type Limits, openLimits } from '../../src/redis/limits.ts';
import { until } from '../support/feed-ear.ts';
import { requireRedis, startRedis, type TestRedis } from '../support/redis.ts';

const limit = { name: 'tries', times: 3, seconds: 60 };

describe('what processes share through Redis', () => {
  let redis: TestRedis;
  let said: string[];
  const log = { warn: (_: object, text: string) => said.push(text), info: (text: string) => said.push(text) };
  const open: (Bus | Limits)[] = [];

  before(function () {
    requireRedis(this);
  });
  beforeEach(async () => {
    said = [];
    redis = await startRedis();
  });
  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    await redis.kill();
  });

  async function givenBus(): Promise<{ bus: Bus; heard: Message[] }> {
    const bus = await openBus(redis.url, 'test', log);
    open.push(bus);
    const heard: Message[] = [];
    bus.onMessage((message) => heard.push(message));
    return { bus, heard };
  }

  async function givenLimits(): Promise<Limits> {
    const limits = await openLimits(redis.url, 'test');
    open.push(limits);
    return limits;
  }

  /** Until both are connected, each counts alone. */
  async function countingTogether(near: Limits, far: Limits): Promise<void> {
    const once = { name: 'once', times: 1, seconds: 60 };
    await until(async () => {
      const key = randomUUID();
      return (await near.take(once, key)) === 0 && (await far.take(once, key)) > 0;
    });
  }

  /** Says it until the others hear it: subscribing takes a moment. */
  async function hearing(from: Bus, heard: Message[]): Promise<void> {
    const shopId = randomUUID();
    await until(() => {
      from.tell({ kind: 'events', shopId });
      return heard.some((message) => message.kind === 'events' && message.shopId === shopId);
    });
  }

  it('is heard by every process, by the one that says it at once and once', async () => {
    const [near, far] = [await givenBus(), await givenBus()];
    await hearing(near.bus, far.heard);
    near.heard.length = 0;
    const message: Message = { kind: 'sessions' };
    near.bus.tell(message);
    expect(near.heard).to.deep.equal([message]);
    await until(() => far.heard.some(({ kind }) => kind === 'sessions'));
    expect(near.heard).to.deep.equal([message]);
  });

  it('goes on after Redis was gone, which is said once', async () => {
    const [near, far] = [await givenBus(), await givenBus()];
    await hearing(near.bus, far.heard);
    await redis.kill();
    await until(() => said.length >= 2);
    for (let n = 0; n < 100; n += 1) near.bus.tell({ kind: 'sessions' });
    await redis.start();
    await hearing(near.bus, far.heard);
    expect(said.filter((text) => text.startsWith('Redis is away'))).to.have.length(2);
    expect(said.filter((text) => text === 'Redis is back')).to.have.length(2);
  });

  it('says nothing of Redis when it is closed before it is connected, as by a short command', async () => {
    for (let n = 0; n < 40; n += 1) {
      const bus = await openBus(redis.url, 'test', log);
      // Meanwhile the connection is made; its first command is sent once it is closed.
      await new Promise(setImmediate);
      const until = performance.now() + 12;
      while (performance.now() < until);
      bus.close();
      await new Promise(setImmediate);
    }
    expect(said).to.deep.equal([]);
  });

  it('survives whatever somebody else says on the same Redis', async () => {
    const [near, far] = [await givenBus(), await givenBus()];
    await hearing(near.bus, far.heard);
    const stranger = new Redis(redis.url);
    for (const text of ['hello', '{"from":"x"}', '{"from":"x","message":{"kind":"presence"}}', '']) {
      await stranger.publish('smoocho:test:bus', text);
    }
    stranger.disconnect();
    await hearing(near.bus, far.heard);
    expect(said.some((text) => text.includes('could not be read'))).to.equal(true);
  });

  it('never has the password in what is logged', async () => {
    const owner = new Redis(redis.url);
    await owner.config('SET', 'requirepass', 'another');
    owner.disconnect();
    const url = redis.url.replace('redis://', 'redis://default:S3CRET@');
    const lines: string[] = [];
    const bus = await openBus(url, 'test', {
      warn: (fields, text) => lines.push(inspect(fields, { depth: 9 }), text),
      info: (text) => lines.push(text),
    });
    open.push(bus);
    await until(() => lines.length > 0);
    expect(lines.join(' ')).to.not.include('S3CRET');
    expect(lines.join(' ')).to.include('refuses the password in REDIS_URL');
  });

  it('counts tries together, and apart while Redis is away: never not at all', async () => {
    const [near, far] = [await givenLimits(), await givenLimits()];
    await countingTogether(near, far);
    const taken = [];
    for (const limits of [near, far, near, far, near]) taken.push(await limits.take(limit, 'ann'));
    expect(taken.slice(0, 3)).to.deep.equal([0, 0, 0]);
    for (const seconds of taken.slice(3)) expect(seconds).to.be.within(1, 60);
    expect(await far.take(limit, 'bob')).to.equal(0);
    await redis.kill();
    const alone = [];
    for (let n = 0; n < 5; n += 1) alone.push((await near.take(limit, 'ann')) > 0);
    expect(alone).to.deep.equal([false, false, false, true, true]);
  });

  it('waits no longer than a moment for a Redis that is connected and mute, and goes on counting', async () => {
    const [limits, other] = [await givenLimits(), await givenLimits()];
    await countingTogether(limits, other);
    redis.pause();
    try {
      const start = performance.now();
      const refused = [];
      for (let n = 0; n < 30; n += 1) refused.push((await limits.take(limit, 'eve')) > 0);
      const ms = performance.now() - start;
      expect(refused.filter(Boolean)).to.have.length(30 - limit.times);
      // Once so long; thirty times so long would be six seconds.
      expect(ms).to.be.below(2_000);
    } finally {
      redis.resume();
    }
  });
});
