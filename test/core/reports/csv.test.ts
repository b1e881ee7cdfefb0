import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csv, csvField, unescapeFormulas } from '../../../src/core/reports/csv.ts';

const ZERO_WIDTH = '\u200b';

/** What a cell holds → what a spreadsheet reads. */
const cells: [what: string, value: string, read: string][] = [
  ['a formula', '=1+1', "'=1+1"],
  ['a plus', '+1', "'+1"],
  ['a minus before text', '-cmd', "'-cmd"],
  ['an at sign', '@SUM(A1)', "'@SUM(A1)"],
  ['a pipe', '|calc', "'|calc"],
  ['a full-width equals sign', '＝1+1', "'＝1+1"],
  ['a full-width plus', '＋1', "'＋1"],
  ['a full-width minus', '－1', "'－1"],
  ['a full-width at sign', '＠SUM', "'＠SUM"],
  ['a full-width pipe', '｜calc', "'｜calc"],
  ['a tab before it', '\t=1', "'\t'=1"],
  ['a carriage return before it', '\r=1', "'\r'=1"],
  ['a line break before it', '\n=1', "'\n'=1"],
  ['a blank before it', ' =1', "' =1"],
  ['a no-break space before it', '\u00a0=1', "'\u00a0=1"],
  ['an ideographic space before it', '\u3000＝1', "'\u3000＝1"],
  ['a zero-width space before it', `${ZERO_WIDTH}=1`, `'${ZERO_WIDTH}=1`],
  ['a zero-width joiner before it', '\u200d=1', "'\u200d=1"],
  ['a byte order mark before it', '\ufeff=1', "'\ufeff=1"],
  ['a soft hyphen before it', '\u00ad=1', "'\u00ad=1"],
  ['a mark for right to left before it', '\u202e=1', "'\u202e=1"],
  ['a Hangul filler before it', '\u3164=1', "'\u3164=1"],
  ['a blank of Braille before it', '\u2800=1', "'\u2800=1"],
  ['a NUL before it', '\0=1', "'\0=1"],
  ['a quote before it', '"=1', `'"=1`],
  ['a semicolon before it', ';=1', "';'=1"],
  ['several things before it', `; ${ZERO_WIDTH}\t=1`, `'; ${ZERO_WIDTH}\t'=1`.replace(';', ";'")],
  ['a formula where another spreadsheet begins a cell', 'Tea;=1', "Tea;'=1"],
  ['a formula on its second line', 'Tea\r\n=1', "Tea\r'\n'=1"],
  ['a tab at its start', '\tTea', "'\tTea"],
  ['a NUL at its start', '\0Tea', "'\0Tea"],
  ['a minus and a formula', '-1+1', "'-1+1"],
  ['two minus signs', '--1', "'--1"],

  ['a figure', '12.50', '12.50'],
  ['a negative figure', '-12.50', '-12.50'],
  ['nothing', '', ''],
  ['a name', 'Chai', 'Chai'],
  ['a name in Hindi', 'चाय', 'चाय'],
  [
    'a name with all of them inside',
    'Fish = chips + peas - salt @ 5 | 6',
    'Fish = chips + peas - salt @ 5 | 6',
  ],
  ['a name with an apostrophe', "Asha's", "Asha's"],
  ['text with an apostrophe of its own', "'=1", "''=1"],
  ['a comma and a quote', 'a, "b"', 'a, "b"'],
  ['a semicolon', 'Tea; milk', 'Tea; milk'],
];

describe('a cell of CSV', () => {
  for (const [what, value, expected] of cells) {
    it(`that holds ${what}`, () => {
      const [row] = parse(`x,${csvField(value)},y\r\n`) as string[][];
      expect(row).to.deep.equal(['x', expected, 'y']);
    });

    it(`that holds ${what}, cut at every separator, begins no formula`, () => {
      if (/^-?[\d.]*$/.test(value)) return;
      // As a spreadsheet that expects semicolons or tabs, and knows no quotes in the middle of a row.
      for (const part of `x,${csvField(value)}`.split(/[;\t\r\n]/)) {
        expect(part).not.to.match(/^[\p{Cc}\p{Cf}\p{Z}\u3164\u2800"]*[=+\-@|＝＋－＠｜]/u);
      }
    });
  }

  it('is read back as it was, whatever it holds', () => {
    const signs = fc.string({ unit: fc.constantFrom(...'\'"=+-@|;\t\n\r ,a1\u200b＝', '\0'), maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(signs, fc.string({ unit: 'grapheme' })), (value) => {
        const [row] = parse(`x,${csvField(value)},y\r\n`) as string[][];
        expect(unescapeFormulas(row?.[1] ?? '')).to.equal(value);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is written by one function for titles and rows of every table', () => {
    expect(csv([{ name: '＝1' }], [['=title', (row) => row.name]])).to.equal("'=title\r\n'＝1\r\n");
  });

  it('is written nowhere else', () => {
    const root = join(import.meta.dirname, '../../../src');
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    // RFC 4180 doubles a quote; nothing but an export has a reason to.
    const writers = files.filter((file) => readFileSync(join(root, file), 'utf8').includes(`'""'`));
    expect(writers).to.deep.equal(['core/reports/csv.ts']);
  });
});
