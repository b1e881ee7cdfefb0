import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { exportAnswers } from '../../src/contract/command-answers/export.ts';
import { envOf, launcher } from '../support/cli.ts';
import { givenCommandHome } from '../support/command-home.ts';
import { warmCommands } from '../support/warm-commands.ts';

const SHOP = ['--shop', 'KULF'];

describe('smoocho export', function () {
  this.timeout(120_000);
  const smoocho = warmCommands();
  const given = givenCommandHome();
  const run = (...args: string[]) => smoocho(args, given.env());
  const inHome = (name: string) => join(given.home, name);

  before(async () => {
    const menu = [
      'product,price,description',
      'Kulfi,120.00,"=1+1"',
      ...Array.from({ length: 6_000 }, (_, i) => `Kulfi ${i},1.00,`),
    ];
    writeFileSync(inHome('menu.csv'), menu.join('\n'));
    const imported = await run('import', 'products', inHome('menu.csv'), ...SHOP);
    expect(imported.code, imported.stderr).to.equal(0);
  });

  it('writes CSV to stdout and says on stderr what it is', async () => {
    const { code, stdout, stderr } = await run('export', 'products', ...SHOP);
    expect(code).to.equal(0);
    expect(stdout.split('\r\n')).to.have.length(6_003);
    expect(stdout).to.match(/^sku,barcode,product,.*\r\n,,Kulfi,,,120\.00,'=1\+1,/);
    expect(stderr).to.match(
      /^6,001 rows of Kulfi Corner, as of \d{4}-.+\. Times are those of Asia\/Kolkata\.\n$/,
    );
    expect((await run('export', 'products', ...SHOP, '--quiet')).stderr).to.equal('');
  });

  it('writes a file for its owner alone, and replaces none unless told so', async () => {
    const out = ['--out', inHome('out.jsonl'), '--format', 'jsonl'];
    const { code, stdout, json } = await run('export', 'products', ...SHOP, ...out, '--json');
    expect(code, stdout).to.equal(0);
    const answer = exportAnswers['export products'].parse(json());
    expect(answer).to.include({ rows: 6_001, format: 'jsonl', file: inHome('out.jsonl') });
    const { mode, size } = statSync(inHome('out.jsonl'));
    expect([mode & 0o777, 'sizeBytes' in answer && answer.sizeBytes]).to.deep.equal([0o600, size]);

    const before = readFileSync(inHome('out.jsonl'), 'utf8');
    const refused = await run('export', 'customers', ...SHOP, ...out);
    expect([refused.code, refused.stderr]).to.deep.equal([
      6,
      `${inHome('out.jsonl')} is there already. Name another file, or add --force to replace it.\n`,
    ]);
    expect(readFileSync(inHome('out.jsonl'), 'utf8')).to.equal(before);
    const forced = await run('export', 'customers', ...SHOP, ...out, '--force');
    expect([forced.code, readFileSync(inHome('out.jsonl'), 'utf8')]).to.deep.equal([0, '']);
    expect(readdirSync(given.home).filter((name) => name.endsWith('.tmp'))).to.deep.equal([]);
  });

  it('refuses what makes no sense, in a sentence', async () => {
    const wrong: [args: string[], code: number, sentence: RegExp][] = [
      [['sales', '--from', 'yesterday'], 2, /from is not a day/],
      [['sales', '--from', '2026-02-01', '--to', '2026-01-01'], 2, /to is before from/],
      [['sales', '--format', 'xlsx'], 2, /^--format is csv or jsonl\.\n/],
      [['sales', '--force'], 2, /^--force goes with --out FILE\.\n/],
      [['sales', '--out', given.home], 2, /is a folder\. Name a file in it\.\n/],
      [['sales', '--out', '/nowhere/sales.csv'], 2, /^There is no folder \/nowhere\.\n/],
      [['sales', '--out', '/dev/null', '--force'], 2, /is no file/],
    ];
    for (const [args, code, sentence] of wrong) {
      const ran = await run('export', ...args, ...SHOP);
      expect([ran.code, ran.stdout], ran.stderr).to.deep.equal([code, '']);
      expect(ran.stderr).to.match(sentence);
    }
  });

  it('ends quietly when whoever reads it stops', async () => {
    const child = spawn(
      'bash',
      [
        '-c',
        'set -o pipefail; "$0" "$@" | head -1',
        process.execPath,
        launcher,
        'export',
        'products',
        ...SHOP,
      ],
      {
        env: envOf(given.env()),
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    const [code] = await once(child, 'close');
    expect([code, said.split('\n').length], said).to.deep.equal([0, 2]);
    expect(said).to.match(/^sku,/);
  });

  it('leaves nothing when the disk is full', async () => {
    const out = inHome('full.csv');
    const { code, stderr } = await smoocho(['export', 'products', ...SHOP, '--out', out], given.env(), '', {
      maxFileKb: 64,
    });
    expect([code, stderr]).to.deep.equal([
      6,
      `There is no room for it in ${given.home}: free some, or name another place.\n`,
    ]);
    expect([existsSync(out), readdirSync(given.home).filter((name) => name.endsWith('.tmp'))]).to.deep.equal([
      false,
      [],
    ]);
  });

  it('is in the audit', async () => {
    const list = await run('audit', 'list', ...SHOP, '--type', 'report_exported');
    expect(list.stdout)
      .to.match(/exported all customers\n/)
      .and.to.match(/exported all products\n/);
  });
});
