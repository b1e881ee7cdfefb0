// Runs one measured task in a process of its own and prints its seconds per phase and its peak memory as JSON on stdout.
import { readFileSync } from 'node:fs';
import { readFileBytes } from '../src/backup/archive/archive-file.ts';
import { readMembers } from '../src/backup/archive/archive-reader.ts';
import { createBackup } from '../src/backup/create-backup.ts';
import { loadArchive } from '../src/backup/database/load-archive.ts';
import type { OnProgress } from '../src/backup/progress.ts';
import { readBack } from '../src/backup/verify-backup.ts';
import { loadConfig } from '../src/config.ts';

const [work, url, home, file] = process.argv.slice(2) as [string, string, string, string];
const startedAt = performance.now();
const ends: Record<string, number> = {};
/** A phase ends when the next one begins; the last ends with the task. */
let phase = 'begin';
const enter = (next: string) => {
  if (next === phase) return;
  ends[phase] = performance.now();
  phase = next;
};
const onProgress: OnProgress = ({ phase: next }) => enter(next);

const works: Record<string, () => Promise<object>> = {
  async create() {
    const config = loadConfig({ home }, {});
    const source = { config, databaseUrl: url, now: () => new Date() };
    return await createBackup(source, { folder: file, isPlain: process.env.ENCRYPT !== '1', onProgress });
  },
  async load() {
    const { manifest } = await readBack(file, []);
    if (!manifest) throw new Error('The archive can not be read.');
    enter('migrating');
    await loadArchive(readMembers(readFileBytes(file), []), manifest, { url, onProgress });
    return {};
  },
};

const result = await works[work as keyof typeof works]?.();
enter('end');
let last = startedAt;
const seconds = Object.fromEntries(
  Object.entries(ends).map(([name, at]) => {
    const took = (at - last) / 1000;
    last = at;
    return [name, took];
  }),
);
const peakMb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1000;
const { user, system } = process.cpuUsage();
console.log(
  JSON.stringify({
    seconds,
    total: (last - startedAt) / 1000,
    peakMb,
    cpu: (user + system) / 1e6,
    ...result,
  }),
);
