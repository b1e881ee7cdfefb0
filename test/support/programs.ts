import { spawnSync } from 'node:child_process';

/** For a test that needs programs beside ours: skips it, and says why, where one is missing. */
export function requirePrograms(test: Mocha.Context, ...programs: string[]): void {
  const missing = programs.filter((program) => spawnSync(program, ['--version']).error !== undefined);
  if (missing.length === 0) return;
  console.log(`    skipped: ${missing.join(', ')} is not installed`);
  test.skip();
}
