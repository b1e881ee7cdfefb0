import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Leadership, seekLeadership } from '../../src/database/leader-lock.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { until } from '../support/feed-ear.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

describe('the lock of the leader', () => {
  let database: TestDatabase;
  const seekers: Leadership[] = [];

  before(async () => {
    database = await testDatabase();
  });
  afterEach(async () => {
    await Promise.all(seekers.splice(0).map((seeker) => seeker.close()));
  });
  after(() => database.drop());

  /** Who leads now, by name, and what went wrong. */
  const leading = new Set<string>();
  const errors: string[] = [];
  const untilAborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

  function seek(name: string, url = database.url, work = untilAborted, heartbeatMs = 60_000): Leadership {
    const lead = async (signal: AbortSignal) => {
      leading.add(name);
      await work(signal).finally(() => leading.delete(name));
    };
    const onError = (error: unknown) => void errors.push((error as Error).message);
    const seeker = seekLeadership(url, lead, { retryMs: 20, heartbeatMs, onError });
    seekers.push(seeker);
    return seeker;
  }

  it('is had by one, and by another when that one leaves', async () => {
    const first = seek('first');
    await until(() => leading.has('first'));
    seek('second');
    await sleep(300);
    expect([...leading]).to.deep.equal(['first']);
    await first.close();
    expect(leading.has('first')).to.equal(false);
    await until(() => leading.has('second'));
  });

  it('is lost with its connection, also when the other end only says nothing', async () => {
    const proxy = await startTcpProxy(database.url);
    const url = new URL(database.url);
    url.host = new URL(proxy.url).host;
    seek('far', url.href, untilAborted, 200);
    await until(() => leading.has('far'));
    proxy.pause();
    await until(() => !leading.has('far'));
    await Promise.all(seekers.splice(0).map((seeker) => seeker.close()));
    await proxy.close();
  });

  it('is let go when the work fails, and sought again', async () => {
    let runs = 0;
    errors.length = 0;
    seek('clumsy', database.url, async (signal) => {
      runs += 1;
      if (runs < 3) throw new Error(`Failure ${runs}.`);
      await untilAborted(signal);
    });
    await until(() => runs === 3);
    expect(errors).to.deep.equal(['Failure 1.', 'Failure 2.']);
  });

  it('is kept until the work has ended', async () => {
    const steps: string[] = [];
    const slow = seek('slow', database.url, async (signal) => {
      await untilAborted(signal);
      await sleep(200);
      steps.push('done');
    });
    await until(() => leading.has('slow'));
    const closed = slow.close().then(() => steps.push('closed'));
    seek('next', database.url, async (signal) => {
      steps.push('next');
      await untilAborted(signal);
    });
    await closed;
    await until(() => steps.includes('next'));
    expect(steps[0]).to.equal('done');
  });

  it('is sought on where the database can not be reached', async () => {
    errors.length = 0;
    seek('lost', 'postgres://me@127.0.0.1:1/shop');
    await until(() => errors.length >= 2);
    expect(errors[0]).to.match(/ECONNREFUSED/);
  });
});
