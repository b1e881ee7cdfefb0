import { expect } from 'chai';
import { dueAt, isOverdue, lastTime, nextTime, timesOf } from '../../src/backup/due.ts';
import type { Job } from '../../src/backup/job.ts';

const MINUTE = 60_000;
const date = (text: string) => new Date(text);

/** The nights of 2026 and 2027 in which clocks were changed, as zones have them; 15 May changes nothing. */
const CHANGES: [zone: string, forwards: string, back: string][] = [
  ['Europe/Berlin', '2026-03-29', '2026-10-25'],
  ['America/New_York', '2026-03-08', '2026-11-01'],
  ['America/Santiago', '2026-09-06', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04', '2026-04-05'],
  ['Africa/Cairo', '2026-04-24', '2026-10-30'],
  ['Atlantic/Azores', '2026-03-29', '2026-10-25'],
  ['Asia/Kolkata', '2026-05-15', '2026-05-15'],
];

/** Between two looks; a schedule looks each minute. What is due at a quarter to midnight is still seen on its day. */
const LOOK_MINUTES = 13;

/** Looks again and again through some days, as the schedule does, and gives when the job ran. */
function runsOf(cron: string, zone: string, day: string): Date[] {
  const startedHere = date(`${day}T00:00:00Z`);
  startedHere.setUTCDate(startedHere.getUTCDate() - 2);
  const waits = { catchUpAt: startedHere, retryMs: 60 * MINUTE, resumeMs: 5 * MINUTE, maxTries: 5 };
  const runs: Date[] = [];
  for (
    let ms = startedHere.getTime();
    ms < startedHere.getTime() + 5 * 24 * 60 * MINUTE;
    ms += LOOK_MINUTES * MINUTE
  ) {
    const now = new Date(ms);
    const times = { wanted: lastTime(cron, zone, now), next: nextTime(cron, zone, now) };
    const succeededAt = runs.at(-1) ?? startedHere;
    const state = { startedAt: succeededAt, endedAt: succeededAt, succeededAt, tries: 1 };
    const at = dueAt(state, times, startedHere, waits);
    if (at && at <= now) runs.push(now);
  }
  return runs;
}

const dayIn = (zone: string) => (time: Date) =>
  new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short' }).format(time);

describe('when a job is due', () => {
  describe('with a fixed time of the day', () => {
    for (const [zone, forwards, back] of CHANGES) {
      for (const [what, day] of [
        ['forwards', forwards],
        ['back', back],
      ] as const) {
        it(`is once in each night when the clocks of ${zone} go ${what}`, () => {
          for (const cron of [
            ...['0 0 * * *', '30 1 * * *', '0 2 * * *', '30 2 * * *', '0 3 * * *', '45 23 * * *'],
          ]) {
            const runs = runsOf(cron, zone, day);
            const days = runs.map(dayIn(zone));
            expect(new Set(days).size, `${cron}: ${runs.map((run) => run.toISOString())}`).to.equal(
              days.length,
            );
            // The night itself, and those around it.
            const [before, after] = [-1, 1].map((shift) => {
              const other = date(`${day}T00:00:00Z`);
              other.setUTCDate(other.getUTCDate() + shift);
              return other.toISOString().slice(0, 10);
            });
            expect(days, cron).to.include.members([before, day, after]);
          }
        });
      }
    }

    it('is twice a day for a list of two, in such nights too', () => {
      for (const day of ['2026-03-29', '2026-10-25']) {
        const days = runsOf('30 2,14 * * *', 'Europe/Berlin', day).map(dayIn('Europe/Berlin'));
        expect(days.filter((one) => one === day)).to.have.length(2);
      }
    });

    it('is at the first moment after a gap, and at the first of two', () => {
      expect(lastTime('30 2 * * *', 'Europe/Berlin', date('2026-03-29T01:00:00Z'))).to.deep.equal(
        date('2026-03-29T01:00:00Z'),
      );
      expect(lastTime('30 2 * * *', 'Europe/Berlin', date('2026-10-25T02:00:00Z'))).to.deep.equal(
        date('2026-10-25T00:30:00Z'),
      );
    });

    it('is from that very moment on', () => {
      const at = date('2026-10-01T21:30:00Z');
      expect(lastTime('0 3 * * *', 'Asia/Kolkata', at)).to.deep.equal(at);
      expect(nextTime('0 3 * * *', 'Asia/Kolkata', at)).to.deep.equal(date('2026-10-02T21:30:00Z'));
      expect(lastTime('0 3 * * *', 'Asia/Kolkata', new Date(at.getTime() - 1))).to.deep.equal(
        date('2026-09-30T21:30:00Z'),
      );
    });
  });

  describe('after what happened before', () => {
    const wanted = date('2026-10-02T03:00:00Z');
    const next = date('2026-10-03T03:00:00Z');
    const waits = {
      catchUpAt: date('2026-10-02T09:07:00Z'),
      retryMs: 60 * MINUTE,
      resumeMs: 5 * MINUTE,
      maxTries: 3,
    };
    const never = { startedAt: null, endedAt: null, succeededAt: null, tries: 0 };
    const yesterday = date('2026-10-01T03:00:01Z');
    const done = { startedAt: yesterday, endedAt: yesterday, succeededAt: yesterday, tries: 1 };
    const tried = (tries: number, startedAt: string, endedAt: string | null = null) => ({
      ...done,
      startedAt: date(startedAt),
      endedAt: endedAt ? date(endedAt) : done.endedAt,
      tries,
    });
    const due = (state: typeof never | typeof done, startedHere = '2026-10-01T09:00:00Z') =>
      dueAt(state, { wanted, next }, date(startedHere), waits)?.toISOString();

    it('is at its time while a server runs', () => {
      expect(due(done)).to.equal(wanted.toISOString());
      expect(due(never)).to.equal(wanted.toISOString());
    });

    it('is some minutes after the start when a night was missed, and when there was none yet', () => {
      expect(due(done, '2026-10-02T09:00:00Z')).to.equal(waits.catchUpAt.toISOString());
      expect(due(never, '2026-10-02T09:00:00Z')).to.equal(waits.catchUpAt.toISOString());
    });

    it('is next time when it succeeded since', () => {
      expect(due({ ...done, succeededAt: date('2026-10-02T03:00:00Z') })).to.equal(next.toISOString());
      // What was made before that does not have what was sold in between.
      expect(due({ ...done, succeededAt: date('2026-10-02T02:59:59Z') })).to.equal(wanted.toISOString());
    });

    it('is an hour after a failure, so many times, and then next time', () => {
      expect(due(tried(1, '2026-10-02T03:00:00Z', '2026-10-02T03:10:00Z'))).to.equal(
        '2026-10-02T04:10:00.000Z',
      );
      expect(due(tried(2, '2026-10-02T04:10:00Z', '2026-10-02T04:20:00Z'))).to.equal(
        '2026-10-02T05:20:00.000Z',
      );
      expect(due(tried(3, '2026-10-02T05:20:00Z', '2026-10-02T05:30:00Z'))).to.equal(next.toISOString());
      // Those were of the night before.
      expect(due(tried(3, '2026-10-01T05:20:00Z', '2026-10-01T05:30:00Z'))).to.equal(wanted.toISOString());
    });

    it('is some minutes after a run that was cut off, which counts as one', () => {
      expect(due(tried(1, '2026-10-02T03:00:00Z'))).to.equal('2026-10-02T03:05:00.000Z');
      expect(due(tried(3, '2026-10-02T03:10:00Z'))).to.equal(next.toISOString());
    });

    it('follows on another job as soon as that one succeeded', () => {
      const job = { name: 'prune', schedule: { after: 'backup' } } as Job;
      const of = (succeededAt: Date | null) => timesOf(job, 'UTC', next, () => succeededAt);
      expect(dueAt(done, of(null), yesterday, waits)).to.equal(null);
      expect(dueAt(done, of(yesterday), yesterday, waits)).to.equal(null);
      expect(dueAt(done, of(wanted), yesterday, waits)).to.deep.equal(wanted);
    });
  });

  it('is overdue after twice the time between two', () => {
    const late = (cron: string, last: string, now: string) =>
      isOverdue(cron, 'Asia/Kolkata', date(last), date(now));
    expect(late('0 3 * * *', '2026-10-01T21:30:00Z', '2026-10-03T21:30:00Z')).to.equal(false);
    expect(late('0 3 * * *', '2026-10-01T21:30:00Z', '2026-10-03T21:30:01Z')).to.equal(true);
    expect(late('0 3 * * 0', '2026-10-01T21:30:00Z', '2026-10-15T21:30:00Z')).to.equal(false);
    expect(late('0 3 * * 0', '2026-10-01T21:30:00Z', '2026-10-15T21:30:01Z')).to.equal(true);
    // Over a weekend that is left out, three days lie between two.
    expect(late('0 3 * * 1-5', '2026-10-01T21:30:00Z', '2026-10-07T21:30:00Z')).to.equal(false);
    expect(late('0 3 * * 1-5', '2026-10-01T21:30:00Z', '2026-10-07T21:30:01Z')).to.equal(true);
  });
});
