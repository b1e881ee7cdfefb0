import { execFile } from 'node:child_process';
import type { Supervisor } from '../../config.ts';

/** systemd waits for none of these; a machine that swaps takes a second to start a program. */
const REPORT_TIMEOUT_MS = 10_000;
/** systemd.service(5) asks for a report at half of the time; one may come late. */
const REPORTS_PER_WATCHDOG = 3;

export type Reporter = {
  /** The server answers requests. `status` is shown by `systemctl status`. */
  ready(status: string): Promise<void>;
  stopping(): Promise<void>;
  /** Ends the reports of the watchdog. */
  close(): void;
};

type OnFailure = (reason: string) => void;

/**
 * Reports to systemd that the server is ready, that it stops, and, until it is closed, that its event loop turns: one that
 * hangs reports nothing, and is restarted. By `systemd-notify`, because Node has no datagram sockets of UNIX. Does nothing
 * without a supervisor; a report that fails is told once and stops nothing.
 */
export function reportState(supervisor: Supervisor | undefined, onFailure: OnFailure): Reporter {
  if (!supervisor) return { ready: async () => {}, stopping: async () => {}, close: () => {} };
  const { socket, watchdogMs } = supervisor;
  let hasFailed = false;
  const report = async (...states: string[]) => {
    const failure = await notify(socket, states);
    if (failure && !hasFailed) onFailure(failure);
    hasFailed ||= failure !== undefined;
  };
  let timer: NodeJS.Timeout | undefined;
  const close = () => clearInterval(timer);
  return {
    ready: async (status) => {
      await report('READY=1', `STATUS=${status}`);
      if (watchdogMs) timer = setInterval(report, watchdogMs / REPORTS_PER_WATCHDOG, 'WATCHDOG=1').unref();
    },
    stopping: () => report('STOPPING=1', 'STATUS=Stopping'),
    close,
  };
}

/** Returns why it failed, if it did. */
const notify = (socket: string, states: string[]) =>
  new Promise<string | undefined>((resolve) => {
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', NOTIFY_SOCKET: socket };
    execFile('systemd-notify', states, { env, timeout: REPORT_TIMEOUT_MS }, (error) =>
      resolve(error?.message),
    );
  });
