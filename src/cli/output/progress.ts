import { clearLine, cursorTo } from 'node:readline';
import cliProgress from 'cli-progress';
import type { OnProgress, Phase } from '../../backup/progress.ts';
import { isQuiet } from './quiet.ts';

export type Progress = { update(done: number, note?: string): void; stop(): void };

/** A progress bar on stderr, on a terminal only, and not with `--quiet`: a log wants the result, not the way there. */
export function startProgress(label: string, total: number): Progress {
  if (!process.stderr.isTTY || isQuiet()) return { update: () => {}, stop: () => {} };
  const progress = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {percentage}% {note}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  progress.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => progress.update(Math.min(done, total), { note }),
    stop: () => progress.stop(),
  };
}

/** How many there are so far, where nobody knows how many come: on stderr, on a terminal only. */
export function startCounter(label: string, things: string): { update(count: number): void; stop(): void } {
  const { stderr } = process;
  if (!stderr.isTTY || isQuiet()) return { update: () => {}, stop: () => {} };
  let shownAt = 0;
  return {
    update(count) {
      if (performance.now() - shownAt < COUNTER_MS) return;
      shownAt = performance.now();
      clearLine(stderr, 0);
      cursorTo(stderr, 0);
      stderr.write(`${label}: ${count} ${things}`);
    },
    stop() {
      if (shownAt === 0) return;
      shownAt = 0;
      clearLine(stderr, 0);
      cursorTo(stderr, 0);
    },
  };
}

/** Faster than this nobody reads it. */
const COUNTER_MS = 200;

const labels: Record<Phase, string> = {
  reading: 'Reading the database',
  verifying: 'Reading the backup',
  keeping: 'Keeping what is there',
  loading: 'Filling the database',
  indexing: 'Building indexes',
  checking: 'Checking every table',
  books: 'Checking the books',
  uploading: 'Sending it',
  downloading: 'Fetching it',
};

/** Shows one progress bar per phase, one after another. */
export function phaseProgress(): { onProgress: OnProgress; stop(): void } {
  let shown: { phase: Phase; total: number; bar: Progress } | undefined;
  const stop = () => {
    shown?.bar.stop();
    shown = undefined;
  };
  return {
    onProgress({ phase, done, total, note }) {
      if (shown?.phase !== phase) {
        stop();
        shown = { phase, total, bar: startProgress(labels[phase].padEnd(22), total) };
      }
      shown.bar.update((done / total) * shown.total, note);
    },
    stop,
  };
}
