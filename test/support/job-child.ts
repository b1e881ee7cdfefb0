import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithServer } from '../../src/cli/end-with-server.ts';

// Stands for a command of the schedule: what it does is told by its words.
const [what, file = '', ...rest] = process.argv.slice(2);
// Of the server that started it: later it may be gone.
const { ppid } = process;
const write = (line: string) => appendFileSync(file, `${line} ${ppid} ${process.pid}\n`);
if (process.env.SMOOCHO_JOB) endWithServer();

switch (what) {
  /** `log FILE MS`: writes when it begins and when it ends. */
  case 'log':
    write('start');
    await sleep(Number(rest[0]));
    write('end');
    break;
  /** `answer STDOUT CODE`: answers, with something on stderr, too. */
  case 'answer':
    process.stdout.write(file);
    process.stderr.write('{"level":40,"msg":"something was odd"}\n');
    process.exitCode = Number(rest[0]);
    break;
  /** `hang FILE`: until SIGTERM, at which it puts itself in order. */
  case 'hang':
    process.once('SIGTERM', () => {
      write('stopped');
      process.exit(0);
    });
    write('start');
    await sleep(600_000);
    break;
  /** `stubborn FILE`: SIGTERM doesn't end it. */
  case 'stubborn':
    process.on('SIGTERM', () => write('asked'));
    write('start');
    await sleep(600_000);
    break;
  /** `flood`: more on both streams than anybody wants to keep. */
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
