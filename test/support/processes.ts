import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

// What Linux tells of a process, in /proc.

/** Linux counts processor time in hundredths of a second, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** The fields of `stat` after the name, which may hold blanks; the third of the manual is the first here. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Resident memory of a process, in MB (Linux). */
export function residentMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1000;
}

/** Peak resident memory of a process in MB (Linux); 0 once it has exited. */
export function peakMb(pid: number): number {
  try {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Number(kib ?? 0) / 1000;
  } catch {
    return 0;
  }
}

/** A process that decodes pictures has 110 MB when idle, and up to 500 with the heaviest. */
const HEAVY_MB = 170;

/** Waits until a process is decoding a heavy picture. */
export async function untilHeavy(pid: number): Promise<void> {
  for (const late = Date.now() + 30_000; residentMb(pid) < HEAVY_MB; await sleep(5)) {
    if (Date.now() > late) throw new Error('It decodes no heavy picture.');
  }
}

/** Processor time that a process took since it began, in seconds. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The same of all that it started, those that ended included. */
export function childrenCpuSeconds(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => {
    const fields = statOf(child);
    const ended = (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
    return sum + cpuSeconds(child) + ended + childrenCpuSeconds(child);
  }, 0);
}

export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return Number(statOf(pid)[1]) === parent;
      } catch {
        return false;
      }
    });

/** How many connections to a port of this machine each process has taken. */
export function connectionsOf(pids: number[], port: number): number[] {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = new Set(
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(local) && fields[3] === ESTABLISHED)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return pids.map((pid) => filesOf(pid).filter((file) => inodes.has(file)).length);
}

/** As /proc/net/tcp has it. */
const ESTABLISHED = '01';

const filesOf = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });

/** Files and sockets that a process started from here may open. */
export function fileLimit(): number {
  const line = /Max open files\s+\d+\s+(\d+|unlimited)/.exec(readFileSync('/proc/self/limits', 'utf8'));
  return line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1]);
}
