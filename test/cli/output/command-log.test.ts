import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { asSentence, commandLog } from '../../../src/cli/output/command-log.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What `work` writes to stderr. */
function written(work: () => void): string {
  const { write } = process.stderr;
  let text = '';
  process.stderr.write = ((chunk: string) => {
    text += chunk;
    return true;
  }) as typeof write;
  try {
    work();
  } finally {
    process.stderr.write = write;
  }
  return text;
}

describe('the log of a command', () => {
  it('is sentences, also off a terminal, of what LOG_LEVEL lets through', () => {
    const log = commandLog({ logLevel: 'info', isJob: false });
    const text = written(() => {
      log.error({ names: ['b'], connected: 0 }, 'no synchronous standby confirms commits');
      log.warn({ err: new Error('no route to\nhost') }, 'the bucket does not answer');
      log.warn({ reason: 'ECONNREFUSED' }, 'Redis is away');
      log.debug('a statement');
    });
    expect(text.split('\n')).to.deep.equal([
      'Error: no synchronous standby confirms commits.',
      'Note: the bucket does not answer (no route to·host).',
      'Note: Redis is away (ECONNREFUSED).',
      '',
    ]);
    expect(asSentence('{"level":40}')).to.equal('Note: something happened.');
  });

  // A server's log, and what its schedule runs, is JSON lines: for programs.
  it('is what every command but start opens the program and its database with', () => {
    const opening = globSync('src/cli/**/*.ts', { cwd: root }).filter((file) =>
      /\b(createApp|createLog|openDatabase)\(/.test(readFileSync(`${root}${file}`, 'utf8')),
    );
    expect(opening.toSorted()).to.deep.equal([
      'src/cli/commands/start.ts',
      'src/cli/open.ts',
      'src/cli/output/command-log.ts',
      // With the log that it is given: start upgrades, too.
      'src/cli/upgrade-schema.ts',
    ]);
  });
});
