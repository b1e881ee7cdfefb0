import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startSmoocho, withHome } from './support.ts';

const ROUNDS = 15;
const { BEFORE } = process.env;

type Run = { name: string; aim?: number; command: string[] };
type Times = { wallMs: number; cpuMs: number };

/**
 * How long commands take, in bare starts of Node measured in the same rounds: the wall clock, and the processor's time, which other
 * work on the machine changes less. BEFORE=FOLDER measures the build of another checkout beside it.
 */
export async function benchCommands(): Promise<string[]> {
  return await withHome(async (home) => {
    const password = join(home, 'password.txt');
    writeFileSync(password, 'correct horse battery');
    const shop = [
      '--shop-name',
      'Pizza Place',
      '--shop-code',
      'PIZA',
      '--currency',
      'USD',
      '--timezone',
      'UTC',
    ];
    const owner = [
      '--owner-name',
      'Mario',
      '--owner-email',
      'mario@example.com',
      '--password-file',
      password,
    ];
    const env = { ...process.env, SMOOCHO_HOME: home };
    execFileSync(process.execPath, [launcher('.'), 'init', '--yes', ...shop, ...owner], { env });
    const server = await startSmoocho(home);
    try {
      const runs = [
        { name: 'node -e 0', command: ['-e', '0'] },
        ...runsOf('.', ''),
        ...(BEFORE ? runsOf(BEFORE, 'before: ') : []),
      ];
      const times = new Map<Run, Times[]>(runs.map((run) => [run, []]));
      for (let round = 0; round < ROUNDS; round += 1)
        for (const [run, list] of times) list.push(timesOf([process.execPath, ...run.command], env));
      const [bare] = [...times.values()].map(medians) as [Times, ...Times[]];
      return [...times].map(([run, list]) => describe(run, medians(list), bare));
    } finally {
      await server.stop();
    }
  });
}

const launcher = (root: string) => resolve(root, 'bin', 'smoocho.js');

const runsOf = (root: string, prefix: string): Run[] => [
  { name: `${prefix}--version`, aim: 5, command: [launcher(root), '--version'] },
  { name: `${prefix}--help`, aim: 5, command: [launcher(root), '--help'] },
  { name: `${prefix}report sales`, aim: 16, command: [launcher(root), 'report', 'sales', '--shop', 'PIZA'] },
];

/** The shell counts the processor's time of what it runs. */
function timesOf(command: string[], env: NodeJS.ProcessEnv): Times {
  const script = `TIMEFORMAT='%R %U %S'; time "$@" >/dev/null 2>/dev/null`;
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', ...command], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}.`);
  const [wall = 0, user = 0, system = 0] = stderr.trim().split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
const medians = (list: Times[]): Times => ({
  wallMs: median(list.map(({ wallMs }) => wallMs)),
  cpuMs: median(list.map(({ cpuMs }) => cpuMs)),
});

function describe({ name, aim }: Run, { wallMs, cpuMs }: Times, bare: Times): string {
  const starts = `${(wallMs / bare.wallMs).toFixed(1).padStart(5)} bare starts, ${(cpuMs / bare.cpuMs).toFixed(1).padStart(5)} of the processor`;
  return `${name.padEnd(22)} ${wallMs.toFixed(0).padStart(5)} ms, ${cpuMs.toFixed(0).padStart(4)} ms of the processor: ${starts}${aim ? `   (aim: within ${aim})` : ''}`;
}
