import { expect } from 'chai';
import {
  businessDateAt,
  businessDateOf,
  fiscalYearLabel,
  formatCreditNoteNumber,
  formatOrderNumber,
  wallClock,
} from '../../../src/core/shops/business-day.ts';

describe('the business day', () => {
  const dates: [date: string, time: string, dayStart: string, expected: string][] = [
    ['2015-03-01', '00:00:00', '00:00', '2015-03-01'],
    ['2015-03-01', '01:30:00', '04:00', '2015-02-28'],
    ['2015-03-01', '03:59:59', '04:00', '2015-02-28'],
    ['2015-03-01', '04:00:00', '04:00', '2015-03-01'],
    ['2016-03-01', '02:00:00', '04:00', '2016-02-29'],
    ['2015-01-01', '00:10:00', '04:00', '2014-12-31'],
    ['2015-03-08', '02:30:00', '06:00', '2015-03-07'],
  ];
  for (const [date, time, dayStart, expected] of dates) {
    it(`${date} ${time} is ${expected} when the day starts at ${dayStart}`, () => {
      expect(businessDateOf(date, time, dayStart)).to.equal(expected);
    });
  }

  // Clocks go back at 02:00 EDT on 1 November 2026, which is 01:00 EST; forward at 02:00 EST on 8 March.
  const instants: [instant: string, dayStart: string, expected: string][] = [
    ['2026-11-01T05:40:00Z', '01:30:00', '2026-11-01'],
    ['2026-11-01T06:10:00Z', '01:30:00', '2026-11-01'],
    ['2026-11-01T06:29:59Z', '01:30:00', '2026-11-01'],
    ['2026-11-01T05:29:00Z', '01:30:00', '2026-10-31'],
    ['2026-11-01T06:10:00Z', '01:59:00', '2026-11-01'],
    ['2026-11-01T06:10:00Z', '02:00:00', '2026-10-31'],
    ['2026-11-01T06:59:59Z', '02:00:00', '2026-10-31'],
    ['2026-11-01T07:00:00Z', '02:00:00', '2026-11-01'],
    ['2026-03-08T06:59:00Z', '02:30:00', '2026-03-07'],
    ['2026-03-08T07:00:00Z', '02:30:00', '2026-03-08'],
    ['2026-07-01T05:00:00Z', '02:30:00', '2026-06-30'],
  ];
  for (const [instant, dayStart, expected] of instants) {
    it(`${instant} in New York is ${expected} when the day starts at ${dayStart}`, () => {
      const shop = { timezone: 'America/New_York', dayStart };
      expect(businessDateAt(new Date(instant), shop)).to.equal(expected);
    });
  }

  const labels: [date: string, start: string, expected: string][] = [
    ['2015-01-01', '01-01', '2015'],
    ['2015-12-31', '01-01', '2015'],
    ['2026-03-31', '04-01', '2526'],
    ['2026-04-01', '04-01', '2627'],
    ['1999-04-01', '04-01', '9900'],
    ['2009-06-30', '07-01', '0809'],
  ];
  for (const [date, start, expected] of labels) {
    it(`${date} is in fiscal year ${expected} when it starts on ${start}`, () => {
      expect(fiscalYearLabel(date, start)).to.equal(expected);
    });
  }

  it('writes numbers of bills and credit notes in at most 16 characters', () => {
    expect(formatOrderNumber('SMOO', '2627', 123))
      .to.equal('SMOO/2627/000123')
      .with.length(16);
    expect(formatCreditNoteNumber('SMOO', '2627', 1))
      .to.equal('SMOO/C2627/00001')
      .with.length(16);
    expect(formatOrderNumber('SM', '2015', 1_234_567)).to.equal('SM/2015/1234567');
  });

  const clocks: [instant: string, zone: string, date: string, time: string][] = [
    ['2015-03-08T06:59:59Z', 'America/New_York', '2015-03-08', '01:59:59'],
    ['2015-03-08T07:00:00Z', 'America/New_York', '2015-03-08', '03:00:00'],
    ['2015-11-01T05:30:00Z', 'America/New_York', '2015-11-01', '01:30:00'],
    ['2015-11-01T06:30:00Z', 'America/New_York', '2015-11-01', '01:30:00'],
    ['2025-12-31T18:30:00Z', 'Asia/Kolkata', '2026-01-01', '00:00:00'],
    ['2026-06-01T00:00:00.999Z', 'UTC', '2026-06-01', '00:00:00'],
  ];
  for (const [instant, zone, date, time] of clocks) {
    it(`${instant} on the wall in ${zone} is ${date} ${time}`, () => {
      expect(wallClock(new Date(instant), zone)).to.deep.equal({ date, time });
    });
  }
});
