import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { type CsvRow, readRows, sniff } from '../../../src/core/imports/read-rows.ts';
import { PIZZA_SALES, problemOf } from './support.ts';

/** The rows of a file that comes in pieces of `size` bytes. */
async function rowsOf(file: string | Buffer, size = 65_536): Promise<CsvRow[]> {
  const bytes = Buffer.from(file);
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.subarray(start, start + size));
  const rows: CsvRow[] = [];
  for await (const batch of readRows(Readable.from(pieces))) rows.push(...batch);
  return rows;
}

const cellsOf = async (file: string | Buffer, size?: number) =>
  (await rowsOf(file, size)).map(({ cells }) => cells);

describe('reading CSV rows', () => {
  const files: [what: string, file: string | Buffer, expected: string[][]][] = [
    [
      'commas',
      'a,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'no line break at the end',
      'a,b\n1,2',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CRLF',
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'CR alone',
      'a,b\r1,2\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'line breaks of two kinds',
      'a,b\r\n1,2\n3,4\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      'a byte order mark',
      '\ufeffa,b\n1,2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons, with commas in the values',
      'a;b\n1,20;2\n3,40;4\n',
      [
        ['a', 'b'],
        ['1,20', '2'],
        ['3,40', '4'],
      ],
    ],
    [
      'tabs',
      'a\tb, c\n1\t2\n',
      [
        ['a', 'b, c'],
        ['1', '2'],
      ],
    ],
    [
      'semicolons in quotes of a comma file',
      'a,"b;c;d"\n"1;1;1",2\n',
      [
        ['a', 'b;c;d'],
        ['1;1;1', '2'],
      ],
    ],
    [
      "Excel's sep= line",
      'sep=;\na;b\n1;2\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'quotes',
      'a,b\n"x, ""y""","2\n3"\n',
      [
        ['a', 'b'],
        ['x, "y"', '2\n3'],
      ],
    ],
    [
      'a quote that is none',
      'a,b\n6" sub,2\n',
      [
        ['a', 'b'],
        ['6" sub', '2'],
      ],
    ],
    [
      'an empty first name',
      ',b\n0,2\n',
      [
        ['', 'b'],
        ['0', '2'],
      ],
    ],
    ['too few and too many columns', 'a,b\n1\n1,2,3\n', [['a', 'b'], ['1'], ['1', '2', '3']]],
    [
      'gzip',
      gzipSync('a,b\n1,2\n'),
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'gzip in two members',
      Buffer.concat([gzipSync('a,b\n'), gzipSync('1,2\n')]),
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['UTF-8', 'a\ncafé €\n', [['a'], ['café €']]],
    ['windows-1252', Buffer.from('a\ncaf\xe9 \x80\n', 'latin1'), [['a'], ['café €']]],
    [
      'UTF-8 with one line of windows-1252',
      Buffer.concat([Buffer.from('a\ncafé\n'), Buffer.from('caf\xe9\n', 'latin1'), Buffer.from('crème\n')]),
      [['a'], ['café'], ['café'], ['crème']],
    ],
    [
      'UTF-16',
      Buffer.from('\ufeffa,b\r\né,2\r\n', 'utf16le'),
      [
        ['a', 'b'],
        ['é', '2'],
      ],
    ],
  ];
  for (const [what, file, expected] of files) {
    it(`understands ${what}, in one piece and byte by byte`, async () => {
      expect(await cellsOf(file)).to.deep.equal(expected);
      expect(await cellsOf(file, 1)).to.deep.equal(expected);
    });
  }

  it('knows the line on which each row begins', async () => {
    const rows = await rowsOf('a,b\r\n\r\n1,"x\r\ny\nz"\n \n2,3\n\n\n,\n4,5');
    expect(rows.map(({ line, cells }) => [line, cells[0]])).to.deep.equal([
      [1, 'a'],
      [3, '1'],
      [7, '2'],
      [11, '4'],
    ]);
  });

  it('gives what was written, wherever it is cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', '€', ',', ';', '"', '\n', '\r\n', ' ', '1') });
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 20 });
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const property = fc.asyncProperty(table, fc.integer({ min: 1, max: 40 }), async (rows, size) => {
      const file = [['p', 'q', 'r'], ...rows].map((row) => row.map(quote).join(',')).join('\n');
      const filled = rows.filter((row) => row.some((text) => text.trim() !== ''));
      expect((await cellsOf(file, size)).slice(1)).to.deep.equal(filled);
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('counts the bytes of the file as it lies there', async () => {
    const file = gzipSync('a,b\n1,2\n');
    let read = 0;
    for await (const _ of readRows(Readable.from([file]), (bytes) => (read = bytes)));
    expect(read).to.equal(file.length);
  });

  it('closes the file when nobody reads on', async () => {
    const source = Readable.from(['a,b\n', ...Array.from({ length: 100_000 }, () => '1,2\n')]);
    for await (const _ of readRows(source)) break;
    expect(source.destroyed).to.equal(true);
  });

  it('refuses what is no table', async () => {
    expect((await problemOf(rowsOf(''))).detail).to.equal('The file is empty.');
    expect((await problemOf(rowsOf(gzipSync('a,b\n1,2\n').subarray(0, 20)))).detail).to.match(
      /damaged or cut off/,
    );
    const open = await problemOf(rowsOf('a,b\n1,2\n3,"4\n5,6\n'));
    expect(open.detail).to.equal('Line 3: a quote (") opens in this row and is never closed.');
    const long = await problemOf(rowsOf(`a,b\n1,2\n3,"4${'\n5,6'.repeat(100_000)}`));
    expect(long.errors?.[0]?.pointer).to.equal('/line/3');
  });

  it("passes on what the file's own stream throws", async () => {
    const source = new Readable({
      read() {
        this.destroy(new Error('no such file'));
      },
    });
    const error = await readRows(source)
      .next()
      .catch((thrown: Error) => thrown);
    expect(error).to.have.property('message', 'no such file');
  });

  it('takes a comma for one column and a cut last line for nothing', () => {
    expect(sniff(Buffer.from('name\nx\n'), true).delimiter).to.equal(',');
    expect(sniff(Buffer.from('a;b\n1;2\n3,4,5,6,7,8;'), false).delimiter).to.equal(';');
  });

  it('reads the year of pizza sales', async () => {
    const rows: CsvRow[] = [];
    for await (const batch of readRows(PIZZA_SALES())) rows.push(...batch);
    expect(rows).to.have.length(48_621);
    expect(rows.at(-1)?.line).to.equal(48_621);
  });
});
