import { expect } from 'chai';
import fc from 'fast-check';
import { isAhead, keptArchives } from '../../src/backup/retention.ts';
import { holds, propertyTimeoutMs } from '../support/property.ts';

const DAY_MS = 86_400_000;
const none = { daily: 0, weekly: 0, monthly: 0 };
const archivesOf = (...times: string[]) =>
  times.map((time) => ({ madeAt: new Date(time) })).sort((a, b) => b.madeAt.getTime() - a.madeAt.getTime());
const timesOf = (archives: { madeAt: Date }[]) =>
  archives.map(({ madeAt }) => madeAt.toISOString().replace('.000Z', 'Z'));

describe('which backups stay', () => {
  it('is the newest of each of the last days that have one', () => {
    const archives = archivesOf(
      ...['2026-03-01T03:00:00Z', '2026-03-01T12:00:00Z', '2026-03-01T23:00:00Z'],
      ...['2026-02-20T03:00:00Z', '2026-01-01T03:00:00Z'],
    );
    expect(timesOf(keptArchives(archives, { ...none, daily: 2 }, 'UTC'))).to.deep.equal([
      '2026-03-01T23:00:00Z',
      '2026-02-20T03:00:00Z',
    ]);
  });

  it('counts weeks from Monday on, across the year', () => {
    // 28 December 2026 is a Monday; its week goes on to 3 January.
    const archives = archivesOf(
      ...['2026-12-27T03:00:00Z', '2026-12-28T03:00:00Z', '2026-12-31T03:00:00Z'],
      ...['2027-01-01T03:00:00Z', '2027-01-03T03:00:00Z', '2027-01-04T03:00:00Z'],
    );
    expect(timesOf(keptArchives(archives, { ...none, weekly: 3 }, 'UTC'))).to.deep.equal([
      '2027-01-04T03:00:00Z',
      '2027-01-03T03:00:00Z',
      '2026-12-27T03:00:00Z',
    ]);
    expect(timesOf(keptArchives(archives, { ...none, monthly: 2 }, 'UTC'))).to.deep.equal([
      '2027-01-04T03:00:00Z',
      '2026-12-31T03:00:00Z',
    ]);
  });

  it('goes by the clock of the shop', () => {
    // 20:00 in UTC is half past one of the next day in Kolkata, and noon of the same in Los Angeles.
    const archives = archivesOf('2026-05-01T17:00:00Z', '2026-05-01T20:00:00Z', '2026-05-02T17:00:00Z');
    const daily = { ...none, daily: 9 };
    expect(timesOf(keptArchives(archives, daily, 'Asia/Kolkata'))).to.deep.equal([
      '2026-05-02T17:00:00Z',
      '2026-05-01T17:00:00Z',
    ]);
    expect(timesOf(keptArchives(archives, daily, 'America/Los_Angeles'))).to.deep.equal([
      '2026-05-02T17:00:00Z',
      '2026-05-01T20:00:00Z',
    ]);
  });

  it('knows days of 23 and of 25 hours', () => {
    // Berlin: forwards on 29 March 2026, back on 25 October. One a day, in the last hour of it and in the first.
    const spring = archivesOf(
      '2026-03-28T22:30:00Z',
      '2026-03-28T23:30:00Z',
      '2026-03-29T21:30:00Z',
      '2026-03-29T22:30:00Z',
    );
    expect(timesOf(keptArchives(spring, { ...none, daily: 9 }, 'Europe/Berlin'))).to.deep.equal([
      '2026-03-29T22:30:00Z',
      '2026-03-29T21:30:00Z',
      '2026-03-28T22:30:00Z',
    ]);
    const autumn = archivesOf(
      ...['2026-10-24T22:30:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
      ...['2026-10-25T22:30:00Z', '2026-10-25T23:30:00Z'],
    );
    expect(timesOf(keptArchives(autumn, { ...none, daily: 9 }, 'Europe/Berlin'))).to.deep.equal([
      '2026-10-25T23:30:00Z',
      '2026-10-25T22:30:00Z',
    ]);
  });

  it('does not judge by dates that are still to come', () => {
    const now = new Date('2026-11-30T03:00:00Z');
    const ahead = (time: string) => isAhead({ madeAt: new Date(time) }, now);
    expect(
      ['2026-11-30T03:00:00Z', '2026-11-30T03:59:00Z', '2026-11-30T04:01:00Z', '2031-01-01T00:00:00Z'].map(
        ahead,
      ),
    ).to.deep.equal([false, false, true, true]);
  });

  it('leaves after a year of nights what the rules say, and no more', () => {
    const now = Date.parse('2026-11-30T03:00:00Z');
    const nights = Array.from({ length: 800 }, (_, n) => ({ madeAt: new Date(now - n * DAY_MS) }));
    const kept = keptArchives(nights, { daily: 7, weekly: 4, monthly: 12 }, 'Asia/Kolkata');
    expect(kept).to.have.length.within(12 + 7, 7 + 4 + 12);
    // The last night of each month before.
    expect(
      timesOf(kept)
        .slice(-11)
        .map((time) => time.slice(0, 7)),
    ).to.deep.equal([
      ...[
        '2026-10',
        '2026-09',
        '2026-08',
        '2026-07',
        '2026-06',
        '2026-05',
        '2026-04',
        '2026-03',
        '2026-02',
        '2026-01',
      ],
      '2025-12',
    ]);
  });

  it('never is none, has the newest, and is the same when it is asked again', async function () {
    this.timeout(propertyTimeoutMs);
    const count = fc.integer({ min: 0, max: 5 });
    const rules = fc
      .record({ daily: count, weekly: count, monthly: count })
      .filter(({ daily, weekly, monthly }) => daily + weekly + monthly > 0);
    const times = fc.array(fc.integer({ min: 0, max: 900 * 24 }), { minLength: 1, maxLength: 60 });
    const zone = fc.constantFrom(
      'UTC',
      'Asia/Kolkata',
      'America/New_York',
      'Pacific/Kiritimati',
      'Australia/Lord_Howe',
    );
    const scripts = fc.record({ rules, times, zone });
    await holds('test/backup/retention.test.ts', 'never is none', scripts, async (script) => {
      const archives = script.times
        .sort((a, b) => b - a)
        .map((hours) => ({ madeAt: new Date(Date.parse('2026-01-01T00:00:00Z') + hours * 3_600_000) }));
      const kept = keptArchives(archives, script.rules, script.zone);
      expect(kept[0]).to.equal(archives[0]);
      expect(kept.every((archive) => archives.includes(archive))).to.equal(true);
      const { daily, weekly, monthly } = script.rules;
      expect(kept.length).to.be.at.most(daily + weekly + monthly);
      // What stays, stays: taking the others away changes nothing of it, and neither does another backup before the next day.
      expect(keptArchives(kept, script.rules, script.zone)).to.deep.equal(kept);
      // Where there are days enough, there are as many as were asked for.
      const largest = Math.max(daily, weekly, monthly);
      const months = new Set(archives.map(({ madeAt }) => madeAt.toISOString().slice(0, 7))).size;
      expect(kept.length).to.be.at.least(Math.min(largest, months, monthly));
    });
  });
});
