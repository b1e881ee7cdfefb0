import { runCommand } from '../../src/backup/run-command.ts';
import { jobEnvironment } from '../../src/config.ts';

// Stands for a server whose schedule runs one command: `HOME PROGRAM ARGS…`.
const [home = '', program = '', ...argv] = process.argv.slice(2);
await runCommand({
  program: [program],
  argv,
  env: jobEnvironment({ home }),
  timeoutMs: 600_000,
  graceMs: 10_000,
  signal: new AbortController().signal,
});
