import { expect } from 'chai';
import { startOfDay } from '../../../src/core/reports/sql/span.ts';
import { businessDateAt } from '../../../src/core/shops/business-day.ts';
import { type TestDatabase, testDatabase } from '../../support/database.ts';

/** Days on which clocks change, and one on which they don't. */
const days: [timezone: string, dayStart: string, date: string, begins: string][] = [
  ['Asia/Kolkata', '04:00', '2026-05-04', '2026-05-03T22:30:00.000Z'],
  // 02:30 is leapt over: the day begins with the leap.
  ['America/New_York', '02:30', '2026-03-08', '2026-03-08T07:00:00.000Z'],
  // 01:30 is shown twice: the day begins with the first.
  ['America/New_York', '01:30', '2026-11-01', '2026-11-01T05:30:00.000Z'],
  ['America/Havana', '00:00', '2026-11-01', '2026-11-01T04:00:00.000Z'],
  ['Atlantic/Azores', '00:30', '2026-10-25', '2026-10-25T00:30:00.000Z'],
  // There is no midnight.
  ['Africa/Cairo', '00:00', '2026-04-24', '2026-04-23T22:00:00.000Z'],
  // Half an hour back.
  ['Australia/Lord_Howe', '01:45', '2026-04-05', '2026-04-04T14:45:00.000Z'],
];

describe('where a business date begins', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  for (const [timezone, dayStart, date, begins] of days) {
    it(`is the same for SQL as for sales: ${timezone}, ${date} at ${dayStart}`, async () => {
      const client = await database.connect();
      const { rows: shops } = await client.query(
        `INSERT INTO shops (name, code, currency, timezone, day_start)
         VALUES ('Shop', upper(translate(left(md5($1 || $2), 4), '0123456789', 'ghijklmnop')), 'EUR', $1, $2::time)
         RETURNING id`,
        [timezone, dayStart],
      );
      const { rows } = await client.query(`SELECT ${startOfDay('$2::date')} AS at`, [shops[0].id, date]);
      const at = rows[0].at as Date;
      expect(at.toISOString()).to.equal(begins);
      expect(businessDateAt(at, { timezone, dayStart })).to.equal(date);
      expect(businessDateAt(new Date(at.getTime() - 1), { timezone, dayStart })).to.not.equal(date);
    });
  }
});
