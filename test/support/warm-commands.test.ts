import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { removeFolder, tempFolder } from './temp.ts';
import { startWarm, type Warm } from './warm-commands.ts';

/** Does what the first word says. */
const PROGRAM = `
const [, , word, ...rest] = process.argv;
if (word === 'say') {
  process.stdout.write(rest.join(' ') + process.env.MARK);
  process.stderr.write('a warning');
  process.exitCode = 4;
}
if (word === 'late') setTimeout(() => process.stdout.write('late'), 50);
if (word === 'hang') setInterval(() => {}, 1_000);
if (word === 'stuck') await new Promise(() => {});
if (word === 'throw') throw new Error('it broke');
if (word === 'reject') void Promise.reject(new Error('unheard'));
`;

describe('a process in which commands run again', () => {
  let folder: string;
  let warm: Warm;
  const run = (...args: string[]) => warm.run({ args, env: { MARK: '!' } });

  beforeEach(() => {
    folder = tempFolder();
    const program = join(folder, 'program.mjs');
    writeFileSync(program, PROGRAM);
    warm = startWarm(program, 3_000);
  });
  afterEach(async () => {
    await warm.end();
    removeFolder(folder);
  });

  it('gives what each wrote and its exit code, which is not the one before', async () => {
    expect(await run('say', 'hello')).to.deep.equal({ code: 4, stdout: 'hello!', stderr: 'a warning' });
    expect(await run('late')).to.deep.equal({ code: 0, stdout: 'late', stderr: '' });
    expect(await run('say', 'again')).to.deep.equal({ code: 4, stdout: 'again!', stderr: 'a warning' });
  });

  it('ends a command that leaves something open, as a process of its own would be ended', async () => {
    expect(await run('hang')).to.deep.equal({ code: null, stdout: '', stderr: '' });
    expect(warm.isFree()).to.equal(false);
  });

  it('tells a command that waits for nothing by the exit code of Node', async () => {
    expect((await run('stuck')).code).to.equal(13);
  });

  it('fails with a command that throws what nobody hears', async () => {
    for (const word of ['throw', 'reject']) {
      const { code, stderr } = await run(word);
      expect([code, stderr.includes('Error: ')], stderr).to.deep.equal([1, true]);
      await warm.end();
      warm = startWarm(join(folder, 'program.mjs'), 3_000);
    }
  });
});
