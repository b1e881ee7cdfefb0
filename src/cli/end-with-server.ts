/** What a command has to put itself in order before it is ended for good. */
const GRACE_MS = 10_000;

/**
 * Ends this process, as SIGTERM does, when the server whose schedule started it is gone, also by a crash: the next server starts
 * the command again, and two would be at the same work.
 */
export function endWithServer(): void {
  if (!process.channel) return;
  process.once('disconnect', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Listening would keep this process going when its work is done.
  process.channel.unref();
}
