import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithServer } from '../../src/cli/end-with-server.ts';

// Stands for a command of the schedule; its arguments select what it does.
const [what, file = '', ...rest] = process.argv.slice(2);
// The server that started it; read now, as it may exit later.
const { ppid } = process;
const write = (line: string) => appendFileSync(file, `${line} ${ppid} ${process.pid}\n`);
if (process.env.SMOOCHO_JOB) endWithServer();

switch (what) {
  /** `log FILE MS`: logs its start and its end. */
  case 'log':
    write('start');
    await sleep(Number(rest[0]));
    write('end');
    break;
  /** `answer STDOUT CODE`: prints STDOUT and a warning on stderr, and exits with CODE. */
  case 'answer':
    process.stdout.write(file);
    process.stderr.write('{"level":40,"msg":"something was odd"}\n');
    process.exitCode = Number(rest[0]);
    break;
  /** `hang FILE`: runs until SIGTERM, and then exits cleanly. */
  case 'hang':
    process.once('SIGTERM', () => {
      write('stopped');
      process.exit(0);
    });
    write('start');
    await sleep(600_000);
    break;
  /** `stubborn FILE`: ignores SIGTERM. */
  case 'stubborn':
    process.on('SIGTERM', () => write('asked'));
    write('start');
    await sleep(600_000);
    break;
  /** `flood`: writes more to both streams than should be kept. */
  case 'flood':
    for (let n = 0; n < 500; n += 1) {
      process.stdout.write('x'.repeat(10_000));
      process.stderr.write('y'.repeat(10_000));
    }
    process.stderr.write('the last words');
    process.exitCode = 3;
    break;
  default:
    throw new Error(`There is no ${what}.`);
}
