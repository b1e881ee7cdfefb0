import { checkYear, detectStyle, formatHasTime, parseClock, parseStyled, type Stamp } from './date-styles.ts';
import { namedReader } from './named-format.ts';
import { numericReader } from './numeric-format.ts';
import { cached, type Parsed, shorten } from './parse-values.ts';

/** What the first rows of a file have in their date and time columns; no time where there is no such column. */
export type DateSample = { date: string; time: string | undefined };
export type StampReader = (date: string, time: string | undefined) => Parsed<Stamp>;

type Reader = (text: string) => Stamp | undefined;

/** A date text is short; parsers are slow on long ones. */
const TEXT_MAX = 64;

/**
 * Reads the date and time columns of one file. `dateFormat` (Unicode tokens, UTS #35) describes what both look like,
 * joined by a blank; without it ISO and the numeric styles are told apart by the samples. `isTimeGuessed`: the time
 * column may be none. `usesTime` tells whether it is read. Throws `invalid_request` when it can't be told how the dates
 * are written.
 */
export async function createStampReader(options: {
  dateFormat?: string | undefined;
  timeZone: string;
  samples: DateSample[];
  isTimeGuessed?: boolean;
  now: Date;
}): Promise<{ read: StampReader; usesTime: boolean }> {
  const { dateFormat: format, timeZone, samples, isTimeGuessed = false, now } = options;
  const usesClock = samples.some(({ time }) => time !== undefined) && (!isTimeGuessed || haveClocks(samples));
  if (format === undefined) {
    const dates = samples.map(({ date }) => date);
    const style = detectStyle(dates, timeZone);
    const read = readApart((text) => parseStyled(text, style, timeZone), 'is no date', usesClock, now);
    return { read, usesTime: usesClock };
  }
  const parse = numericReader(format, now) ?? (await namedReader(format, timeZone, now));
  const reads = (text: string) => text.length <= TEXT_MAX && parse(text.trim()) !== undefined;
  const complaint = `is not written as ${format}`;
  // A date column that holds the time as well needs no other.
  if (!formatHasTime(format) || samples.some(({ date }) => reads(date))) {
    return { read: readApart(parse, complaint, usesClock, now), usesTime: usesClock };
  }
  const usesTime = usesClock || samples.some((sample) => reads(joined(sample)));
  return { read: readJoined(parse, complaint, usesTime, now), usesTime };
}

const joined = ({ date, time = '' }: DateSample) => `${date.trim()} ${time.trim()}`.trim();

/** Whether most of the first values are times of day; some files have `Night` there. */
function haveClocks(samples: DateSample[]): boolean {
  const filled = samples.map(({ time }) => time?.trim() ?? '').filter((time) => time !== '');
  const clocks = filled.filter((time) => time.length <= TEXT_MAX && parseClock(time) !== undefined);
  return clocks.length > 0 && clocks.length >= filled.length / 2;
}

/** The date column says the day, and the time too unless there is a column for that. */
function readApart(parse: Reader, complaint: string, usesTime: boolean, now: Date): StampReader {
  const readDate = cached((text): Parsed<Stamp> => {
    if (text.trim() === '') return { fault: 'date is missing' };
    const stamp = text.length > TEXT_MAX ? undefined : parse(text.trim());
    return stamp ? checkYear(stamp, now) : { fault: `date "${shorten(text)}" ${complaint}` };
  });
  const readTime = cached((text): Parsed<string> => {
    const time = text.length > TEXT_MAX ? undefined : parseClock(text);
    return time ? { value: time } : { fault: `time "${shorten(text)}" is no time of day` };
  });
  return (dateText, timeText) => {
    const day = readDate(dateText);
    if (day.fault !== undefined || !usesTime || timeText === undefined || timeText.trim() === '') return day;
    const time = readTime(timeText);
    return time.fault !== undefined ? time : { value: { date: day.value.date, time: time.value } };
  };
}

function readJoined(parse: Reader, complaint: string, usesTime: boolean, now: Date): StampReader {
  const readStamp = cached((text): Parsed<Stamp> => {
    const stamp = text.length > TEXT_MAX ? undefined : parse(text);
    return stamp ? checkYear(stamp, now) : { fault: `date "${shorten(text)}" ${complaint}` };
  });
  return (date, time) => {
    if (date.trim() === '') return { fault: 'date is missing' };
    return readStamp(joined({ date, time: usesTime ? time : undefined }));
  };
}
