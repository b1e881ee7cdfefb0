import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { createLanes, createQueue, createQueues } from '../../src/core/queue.ts';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    ({ code }) => code as string,
  );

describe('a queue', () => {
  it('runs so many at once, in the order in which they came, and turns away who finds the line full', async () => {
    const queue = createQueue({ atOnce: 2, waiting: 3, busy: 'Try again.' });
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (n: number) => {
      order.push(n);
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
    };
    const codes = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => codeOf(queue.run(() => work(n)))));
    expect(codes).to.deep.equal([...Array(5).fill('done'), 'too_busy', 'too_busy']);
    expect([order, most, queue.isIdle]).to.deep.equal([[0, 1, 2, 3, 4], 2, true]);
  });

  it('does no work for who waited too long, and gives their place to the next', async () => {
    const queue = createQueue({ atOnce: 1, waiting: 100, longestMs: 50, busy: 'Try again.' });
    let done = 0;
    const slow = queue.run(() => sleep(120));
    const late = Promise.all(
      Array.from({ length: 20 }, () =>
        codeOf(
          queue.run(async () => {
            done += 1;
          }),
        ),
      ),
    );
    await slow;
    expect(new Set(await late)).to.deep.equal(new Set(['too_busy']));
    expect([done, queue.isIdle]).to.deep.equal([0, true]);
    expect(await codeOf(queue.run(() => sleep(1)))).to.equal('done');
  });

  it('keeps its place for nobody whose work failed', async () => {
    const queues = createQueues({ atOnce: 1, waiting: 1, busy: 'Try again.' });
    const fail = () => Promise.reject(new Error('no'));
    for (let n = 0; n < 3; n += 1) await queues.run('till', fail).catch(() => {});
    expect(await codeOf(queues.run('till', () => sleep(1)))).to.equal('done');
  });

  it('lets its lanes take turns, and fills each by itself', async () => {
    const lanes = createLanes(['known', 'unknown'], { atOnce: 1, waiting: 3, busy: 'Try again.' });
    const order: string[] = [];
    const run = (lane: 'known' | 'unknown', name: string) =>
      codeOf(
        lanes.run(lane, async () => {
          order.push(name);
          await sleep(1);
        }),
      );
    const crowd = ['u1', 'u2', 'u3', 'u4', 'u5', 'u6'].map((name) => run('unknown', name));
    const known = ['k1', 'k2'].map((name) => run('known', name));
    expect(await Promise.all(crowd)).to.deep.equal([...Array(4).fill('done'), 'too_busy', 'too_busy']);
    expect(await Promise.all(known)).to.deep.equal(['done', 'done']);
    expect(order).to.deep.equal(['u1', 'k1', 'u2', 'k2', 'u3', 'u4']);
    expect(lanes.isIdle).to.equal(true);
  });
});
