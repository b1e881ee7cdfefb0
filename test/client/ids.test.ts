import { expect } from 'chai';
import { validate, version } from 'uuid';
import { newId } from '../../src/client/ids.ts';

describe('ids made by a till', () => {
  it('are UUIDs of version 7 that sort in the order in which they were made', () => {
    // Later than any that other tests made, of which some set the clock ahead.
    const now = Date.now() + 86_400_000;
    const times = [now, ...Array(5_000).fill(now), now - 10_000, now + 60, now + 50, now + 61];
    const ids = times.map(newId);
    expect(ids.every((id) => validate(id) && version(id) === 7)).to.equal(true);
    expect(ids).to.deep.equal([...new Set(ids)].sort());
    expect(Number.parseInt((ids[0] as string).replace('-', '').slice(0, 12), 16)).to.equal(now);
  });
});
