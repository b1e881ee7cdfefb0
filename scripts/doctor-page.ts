// Writes the checks of `smoocho doctor` into docs/operations/troubleshooting.md, between its two marks.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkGroups } from '../src/doctor/checks.ts';

const PAGE = fileURLToPath(new URL('../docs/operations/troubleshooting.md', import.meta.url));
const [BEGIN, END] = ['<!-- checks: node scripts/doctor-page.ts -->', '<!-- end of checks -->'];

export const checksTable = (): string =>
  checkGroups
    .map(({ title, checks }) => {
      const rows = checks.map(({ id, looksAt, why }) => `| \`${id}\` | ${looksAt} | ${why} |`);
      return [`### ${title}`, '', '| check | looks at | why it matters |', '|---|---|---|', ...rows].join(
        '\n',
      );
    })
    .join('\n\n');

if (import.meta.main) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)];
  writeFileSync(PAGE, `${page.slice(0, before)}\n\n${checksTable()}\n\n${page.slice(after)}`);
}
