import { expect } from 'chai';
import { validate, version } from 'uuid';

// One of its own: ids go on from the last one, and other tests set clocks ahead.
const own = new URL('../../src/client/ids.ts?own', import.meta.url).href;
const { newId } = (await import(own)) as typeof import('../../src/client/ids.ts');

describe('ids made by a till', () => {
  it('are UUIDs of version 7 that sort in the order in which they were made', () => {
    const now = Date.now();
    const times = [now, ...Array(5_000).fill(now), now - 10_000, now + 60, now + 50, now + 61];
    const ids = times.map(newId);
    expect(ids.every((id) => validate(id) && version(id) === 7)).to.equal(true);
    expect(ids).to.deep.equal([...new Set(ids)].sort());
    expect(Number.parseInt((ids[0] as string).replace('-', '').slice(0, 12), 16)).to.equal(now);
  });
});
