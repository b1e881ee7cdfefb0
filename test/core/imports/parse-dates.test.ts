import { expect } from 'chai';
import fc from 'fast-check';
import { namedReader } from '../../../src/core/imports/named-format.ts';
import { numericReader } from '../../../src/core/imports/numeric-format.ts';
import { createStampReader, type DateSample } from '../../../src/core/imports/parse-dates.ts';
import { NOW, problemOf } from './support.ts';

type Options = { format?: string; samples?: DateSample[]; isTimeGuessed?: boolean; timeZone?: string };

/** `2015-03-08 02:30:00`, or the fault. */
async function read(date: string, time: string | undefined, options: Options = {}): Promise<string> {
  const { format, samples = [{ date, time }], isTimeGuessed = false, timeZone = 'Asia/Kolkata' } = options;
  const reader = await createStampReader({ dateFormat: format, timeZone, samples, isTimeGuessed, now: NOW });
  const { value, fault } = reader.read(date, time);
  return fault ?? `${value?.date} ${value?.time ?? '-'}`;
}

// The machine's own zone must not matter; this one has a gap at 02:30 on 8 March 2015.
for (const zone of ['UTC', 'America/New_York', 'Asia/Kolkata']) {
  describe(`reading dates on a machine in ${zone}`, () => {
    const own = process.env.TZ;
    before(() => {
      process.env.TZ = zone;
    });
    after(() => {
      if (own === undefined) delete process.env.TZ;
      else process.env.TZ = own;
    });

    const without: [date: string, time: string | undefined, expected: string][] = [
      ['2015-03-08', undefined, '2015-03-08 -'],
      ['2015-03-08 02:30', undefined, '2015-03-08 02:30:00'],
      ['2015-03-08T02:30:15', undefined, '2015-03-08 02:30:15'],
      ['2015-03-08T02:30:15.250', undefined, '2015-03-08 02:30:15'],
      ['2015-03-08', '02:30:00', '2015-03-08 02:30:00'],
      ['2015-03-08 00:00:00', '02:30:00', '2015-03-08 02:30:00'],
      ['2015-03-08', '2:30 PM', '2015-03-08 14:30:00'],
      ['2015-03-08', '12:05 a.m.', '2015-03-08 00:05:00'],
      ['13/02/2015', undefined, '2015-02-13 -'],
      ['13-02-2015 8:26', undefined, '2015-02-13 08:26:00'],
      ['2/13/2015 8:26:59 pm', undefined, '2015-02-13 20:26:59'],
      ['02-13-2015', '08:26', '2015-02-13 08:26:00'],
      ['1.2.2015', undefined, '2015-02-01 -'],
      // An instant is shown as the shop's clock had it: 20:30 UTC is 02:00 in India.
      ['2015-03-08T20:30:00Z', undefined, '2015-03-09 02:00:00'],
      ['2015-03-08 02:30:00 +0530', undefined, '2015-03-08 02:30:00'],
    ];
    for (const [date, time, expected] of without) {
      it(`${date}${time ? ` and ${time}` : ''} is ${expected}`, async () => {
        expect(await read(date, time)).to.equal(expected);
      });
    }

    const formats: [format: string, date: string, time: string | undefined, expected: string][] = [
      ['yyyy-MM-dd HH:mm:ss', '2015-03-08', '02:30:00', '2015-03-08 02:30:00'],
      ['yyyy-MM-dd HH:mm:ss', '2015-03-08 02:30:00', undefined, '2015-03-08 02:30:00'],
      ['yyyy-MM-dd h:mm:ss a', '2015-03-08', '2:30:00 PM', '2015-03-08 14:30:00'],
      ['dd/MM/yy HH:mm', '08/03/15 02:30', undefined, '2015-03-08 02:30:00'],
      ['dd/MM/yy', '08/03/15', '02:30', '2015-03-08 02:30:00'],
      ['dd/MM/yy', '08/03/98', undefined, '1998-03-08 -'],
      ['MM/dd/yyyy', '3/8/2015', '2:30 am', '2015-03-08 02:30:00'],
      ['dd-MMM-yy HH:mm', '08-Mar-15 02:30', undefined, '2015-03-08 02:30:00'],
      ['EEEE, d MMMM yyyy', 'Sunday, 8 March 2015', '02:30', '2015-03-08 02:30:00'],
      ['ddMMyyyy HHmm', '08032015', '0230', '2015-03-08 02:30:00'],
      ["yyyy-MM-dd'T'HH:mm:ssXXX", '2015-03-08T02:30:00+05:30', undefined, '2015-03-08 02:30:00'],
      ['t', '1425762000', undefined, '2015-03-08 02:30:00'],
      ['dd/MM/yyyy', '2015-03-08', undefined, 'date "2015-03-08" is not written as dd/MM/yyyy'],
      ['dd/MM/yyyy', '31/02/2015', undefined, 'date "31/02/2015" is not written as dd/MM/yyyy'],
    ];
    for (const [format, date, time, expected] of formats) {
      it(`${date}${time ? ` and ${time}` : ''} as ${format} is ${expected}`, async () => {
        expect(await read(date, time, { format })).to.equal(expected);
      });
    }
  });
}

describe('reading dates', () => {
  const sample = [{ date: '2015-01-01', time: '10:00' }];
  const faults: [date: string, time: string, fault: string][] = [
    ['', '10:00', 'date is missing'],
    ['2015-02-29', '10:00', 'date "2015-02-29" is no date'],
    ['1969-12-31', '10:00', 'date 1969-12-31 is not between 1970 and 2027'],
    ['2028-01-01', '10:00', 'date 2028-01-01 is not between 1970 and 2027'],
    ['2015-01-01', '25:00', 'time "25:00" is no time of day'],
    ['2015-01-01', '13:00 PM', 'time "13:00 PM" is no time of day'],
    ['x'.repeat(200), '10:00', `date "${'x'.repeat(64)}…" is no date`],
  ];
  for (const [date, time, fault] of faults) {
    it(`"${date.slice(0, 20)}" and "${time}": ${fault.slice(0, 50)}`, async () => {
      expect(await read(date, time, { samples: sample })).to.equal(fault);
    });
  }

  it('tells day and month apart by one date that can be read in one way only', async () => {
    const samples = ['01/02/2015', '03/04/2015', '25/12/2015'].map((date) => ({ date, time: undefined }));
    expect(await read('01/02/2015', undefined, { samples })).to.equal('2015-02-01 -');
    const american = [...samples.slice(0, 2), { date: '12/25/2015', time: undefined }];
    expect(await read('01/02/2015', undefined, { samples: american })).to.equal('2015-01-02 -');
  });

  it('asks for a format when both ways, none, or now one and now the other fit', async () => {
    const detail = async (dates: string[]) => {
      const samples = dates.map((date) => ({ date, time: undefined }));
      return (await problemOf(read('x', undefined, { samples }))).detail;
    };
    const ask = 'Say how date and time are written with --date-format, as in dd/MM/yyyy or MM/dd/yyyy HH:mm.';
    expect(await detail(['01/02/2015 10:00'])).to.equal(
      `"01/02/2015 10:00" may be 2015-02-01 (day first) or 2015-01-02 (month first). ${ask}`,
    );
    expect(await detail(['01-Jan-15'])).to.equal(
      `"01-Jan-15" is no date that can be read without being told how. ${ask}`,
    );
    expect(await detail(['13/01/2015', '01/13/2015'])).to.equal(
      `"13/01/2015" has the day first and "01/13/2015" the month. ${ask}`,
    );
  });

  it('explains what is wrong with a format', async () => {
    const detail = async (format: string) => (await problemOf(read('x', undefined, { format }))).detail;
    expect(await detail('dd/MM/YYYY')).to.match(/write yyyy for the year and dd for the day/);
    expect(await detail('dd/MM')).to.match(/does not say year, month and day/);
    expect(await detail('HH:mm a dd/MM/yyyy')).to.match(/`HH` and `a` at the same time/);
    expect(await detail('blah')).to.match(/can not be used/);
  });

  it('drops a guessed time column that holds no times of day', async () => {
    const samples = ['Night', 'Morning'].map((time) => ({ date: '2015-01-01', time }));
    expect(await read('2015-01-01', 'Night', { samples, isTimeGuessed: true })).to.equal('2015-01-01 -');
    expect(await read('2015-01-01', 'Night', { samples })).to.equal('time "Night" is no time of day');
  });

  it('reads numeric formats as date-fns does', async () => {
    const formats = [
      'dd/MM/yyyy HH:mm',
      'M-d-yyyy h:mm:ss a',
      'yyyy.MM.dd',
      "yyyy-MM-dd'T'HH:mm:ss",
      'd/M/yy',
    ];
    for (const format of formats) {
      const own = numericReader(format, NOW);
      const named = await namedReader(format, 'UTC', NOW);
      const digits = fc.stringMatching(/^[0-9]{1,2}$/);
      const property = fc.property(
        digits,
        digits,
        fc.integer({ min: 1980, max: 2027 }),
        digits,
        digits,
        (...parts) => {
          const [day, month, year, hour, minute] = parts;
          const text = format
            .replace(/'T'/, 'T')
            .replace(/d+/, day)
            .replace(/M+/, month)
            .replace(/yyyy/, String(year))
            .replace(/yy/, String(year).slice(2))
            .replace(/[Hh]+/, hour)
            .replace(/mm/, minute)
            .replace(/ss/, '07')
            .replace(/a$/, 'pm');
          expect(own?.(text)).to.deep.equal(named(text));
        },
      );
      fc.assert(property, { numRuns: 300 });
    }
  });

  it('leaves formats with names, zones and digits that touch to date-fns', () => {
    for (const format of [
      'dd MMM yyyy',
      'ddMMyyyy',
      'yyyy-MM-dd XXX',
      'dd/MM',
      'HH:mm a dd/MM/yyyy',
      'dd/MM/YYYY',
    ]) {
      expect(numericReader(format, NOW), format).to.equal(undefined);
    }
  });
});
