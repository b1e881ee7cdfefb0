import cliProgress from 'cli-progress';

export type Progress = { update(done: number, note?: string): void; stop(): void };

/** A progress bar on stderr, on a terminal only: a log wants the result, not the way there. */
export function startProgress(label: string, total: number): Progress {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
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
