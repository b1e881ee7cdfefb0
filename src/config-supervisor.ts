import type { Env } from './config-sources.ts';

/** How to report to the systemd that started this process (sd_notify(3)). */
export type Supervisor = {
  /** Address of systemd's socket, for `systemd-notify`. */
  socket: string;
  /** Without a report for so long systemd restarts the server, in ms; undefined: it doesn't. */
  watchdogMs: number | undefined;
};

/** Undefined without systemd, and where its unit isn't `Type=notify`. */
export function supervisorConfig({ NOTIFY_SOCKET: socket, WATCHDOG_USEC }: Env): Supervisor | undefined {
  if (!socket) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return { socket, watchdogMs: microseconds > 0 ? microseconds / 1000 : undefined };
}
