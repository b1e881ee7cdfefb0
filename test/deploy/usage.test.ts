import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('../..', import.meta.url));
const SCRIPTS = [
  '.ci/long',
  'deploy/verify.sh',
  'deploy/verify/arm64.sh',
  'deploy/verify/cloud-init.sh',
  'deploy/verify/one-gigabyte.sh',
  'deploy/verify/systemd.sh',
];

/** Returns the header comment of a script, without the shebang line. */
function headOf(script: string): string {
  const lines = readFileSync(join(root, script), 'utf8').split('\n').slice(1);
  const end = lines.findIndex((line) => !line.startsWith('#'));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^# ?/, ''))
    .join('\n');
}

describe('scripts that prove an installation', () => {
  for (const script of SCRIPTS) {
    it(`${script} --help says what it does and needs, and does nothing`, () => {
      // No program is found by its name: nothing could be built, mounted or booted.
      const env = { PATH: '/nowhere' };
      for (const option of ['--help', '-h']) {
        const asked = spawnSync('/bin/bash', [join(root, script), option], {
          cwd: '/',
          env,
          encoding: 'utf8',
          timeout: 10_000,
        });
        expect(asked.stderr).to.equal('');
        expect(asked.status).to.equal(0);
        expect(asked.stdout.trim())
          .to.equal(headOf(script))
          .and.match(/[Nn]eeds/);
      }
    });
  }
});
