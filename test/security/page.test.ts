import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Row = { requirement: string; ids: string; how: string; test: string };

/** The rows of the table of what is met. */
function readRows(): Row[] {
  const page = readFileSync(`${root}docs/security.md`, 'utf8');
  const section = page.split('## What is met, and where')[1]?.split('\n## ')[0] ?? '';
  const lines = section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| requirement'));
  return lines.map((line) => {
    const [, requirement = '', ids = '', how = '', test = ''] = line.split(' | ').join('|').split('|');
    return { requirement, ids, how, test };
  });
}

const filesIn = (text: string) =>
  [...text.matchAll(/`([\w./-]+\/[\w./-]+|package\.json)`/g)].map((match) => match[1] as string);

describe('the page about security', () => {
  const rows = readRows();

  it('has rows, each with ids of ASVS 5.0, or a dash for what it does not ask for', () => {
    expect(rows.length).to.be.above(30);
    for (const { requirement, ids } of rows) {
      expect(ids.trim(), requirement).to.match(/^(–|\d+\.\d+\.\d+(, \d+\.\d+\.\d+)*( \(partly\))?)$/);
    }
  });

  it('names files and tests that are there, a file and a test in each row', () => {
    for (const { requirement, how, test } of rows) {
      expect(filesIn(how), requirement).to.not.deep.equal([]);
      expect(filesIn(test), requirement).to.not.deep.equal([]);
      for (const file of [...filesIn(how), ...filesIn(test)]) {
        expect(existsSync(`${root}${file}`), `${requirement}: ${file}`).to.equal(true);
      }
    }
  });
});
