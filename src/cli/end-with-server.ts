/** Time for a command to clean up before SIGKILL. */
const GRACE_MS = 10_000;

/**
 * Ends this process with SIGTERM when the server whose schedule started it exits or crashes: the next server starts the command
 * again, and two would do the same work.
 */
export function endWithServer(): void {
  if (!process.channel) return;
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Unref the channel: its listener would keep the process alive after the work.
  process.channel.unref();
}
