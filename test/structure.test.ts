import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { removeFolder, tempFolder } from './support/temp.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const biome = fileURLToPath(import.meta.resolve('@biomejs/biome/bin/biome'));

// Room → an import that it may have, and some that it may not (docs/structure.md).
const rooms: [file: string, allowed: string, forbidden: string[]][] = [
  ['src/contract/x.ts', 'zod', ['../core/context.ts', 'koa', 'node:fs', '../pricing/index.ts']],
  [
    'src/contract/command-answers/x.ts',
    '../shops.ts',
    ['../../core/context.ts', '../../cli/command.ts', 'koa', 'node:fs'],
  ],
  ['src/pricing/x.ts', '../contract/money.ts', ['zod', '../core/context.ts', 'node:fs', '../config.ts']],
  [
    'src/database/x.ts',
    '../config.ts',
    ['../contract/problem.ts', '../core/context.ts', 'koa', '../server/server.ts'],
  ],
  [
    'src/storage/x.ts',
    '../config.ts',
    [
      '../contract/problem.ts',
      '../core/context.ts',
      '../database/orm.ts',
      'pg',
      'koa',
      '../server/server.ts',
    ],
  ],
  [
    'src/tls/x.ts',
    '../config.ts',
    ['../contract/problem.ts', '../core/context.ts', 'pg', 'koa', '../server/server.ts', '../backup/jobs.ts'],
  ],
  ['src/redis/x.ts', 'ioredis', ['../database/orm.ts', '../core/context.ts', '../config.ts', 'koa']],
  [
    'src/client/x.ts',
    '../contract/orders.ts',
    ['../core/context.ts', '../pricing/index.ts', 'node:fs', 'koa'],
  ],
  [
    'src/core/orders/x.ts',
    '../../pricing/index.ts',
    [
      '../../server/server.ts',
      '../../cli/main.ts',
      '../../tls/certificates.ts',
      '../../app.ts',
      'koa',
      'socket.io',
      'commander',
      '@inquirer/prompts',
    ],
  ],
  [
    'src/backup/x.ts',
    '../core/context.ts',
    [
      '../server/server.ts',
      '../cli/main.ts',
      '../app.ts',
      '../redis/bus.ts',
      'koa',
      'commander',
      'cli-progress',
    ],
  ],
  [
    'src/backup/y/x.ts',
    '../../database/orm.ts',
    ['../../app.ts', '../../server/server.ts', '../../pricing/index.ts'],
  ],
  [
    'src/doctor/x.ts',
    '../backup/due.ts',
    ['../cli/main.ts', '../server/server.ts', '../pricing/index.ts', 'koa', 'commander', 'cli-progress'],
  ],
  ['src/contract/command-answers/x.ts', '../attention.ts', ['../../core/context.ts', 'node:fs']],
  [
    'src/server/routes/x.ts',
    '../../core/context.ts',
    [
      '../../cli/main.ts',
      '../../database/orm.ts',
      '../../backup/schedule.ts',
      'commander',
      '../../pricing/index.ts',
    ],
  ],
  [
    'src/cli/commands/x.ts',
    '../../backup/schedule.ts',
    ['../../server/server.ts', '../../database/orm.ts', 'koa', 'socket.io'],
  ],
];

/** Writes a house with one import a file and lints it by the project's own rules; gives the files that it refuses. */
function lintHouse(imports: { file: string; what: string }[]): Set<string> {
  const folder = tempFolder();
  copyFileSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  for (const { file, what } of imports) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `import * as thing from '${what}';\n\nexport default thing;\n`);
  }
  const options = [
    'lint',
    '--vcs-enabled=false',
    '--reporter=json',
    '--max-diagnostics=none',
    '--only=noRestrictedImports',
  ];
  const { stdout } = spawnSync(process.execPath, [biome, ...options, '.'], { cwd: folder, encoding: 'utf8' });
  removeFolder(folder);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  const refused = diagnostics.filter((found) => found.category === 'lint/style/noRestrictedImports');
  return new Set(refused.map((found) => found.location.path));
}

describe('the import directions of the house', () => {
  const nameOf = (file: string, n: number) => file.replace('x.ts', `x${n}.ts`);
  const placed = rooms.map(([file, allowed, forbidden]) => ({
    room: dirname(file),
    allowed: { file: nameOf(file, 0), what: allowed },
    forbidden: forbidden.map((what, n) => ({ file: nameOf(file, n + 1), what })),
  }));
  let refused: Set<string>;

  before(() => {
    const start = { file: 'src/cli/commands/start.ts', what: '../../server/server.ts' };
    const app = { file: 'src/app.ts', what: './backup/schedule.ts' };
    const fileStore = { file: 'src/client/file-store.ts', what: 'node:fs/promises' };
    refused = lintHouse([
      start,
      app,
      fileStore,
      ...placed.flatMap(({ allowed, forbidden }) => [allowed, ...forbidden]),
    ]);
  });

  for (const { room, allowed, forbidden } of placed) {
    it(`hold in ${room}`, () => {
      expect(refused.has(allowed.file), `may import ${allowed.what}`).to.equal(false);
      for (const { file, what } of forbidden)
        expect(refused.has(file), `may not import ${what}`).to.equal(true);
    });
  }

  it('let start, and no other command, import the server', () => {
    expect(refused.has('src/cli/commands/start.ts')).to.equal(false);
  });

  it('keep the app apart from backups, which stand on the core alone', () => {
    expect(refused.has('src/app.ts')).to.equal(true);
  });

  it('let the file store, and nothing else of the client, import Node', () => {
    expect(refused.has('src/client/file-store.ts')).to.equal(false);
  });
});
