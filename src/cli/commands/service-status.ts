import { uptime } from 'node:os';
import { formatMinute } from '../../figures.ts';
import { readUnit, requireInstalled, UNIT_FILE, type UnitState } from '../../systemd.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { labelled } from '../output/labelled.ts';

export const serviceStatus: Command = {
  name: 'service status',
  summary:
    'Show whether systemd runs the server; exit code 4 when it does not run, or would not start with the machine',
  options: [],
  example: 'smoocho service status',
  async run(shell) {
    requireInstalled();
    const state = await readUnit();
    const isRunning = state.ActiveState === 'active';
    const startsWithMachine = state.UnitFileState === 'enabled';
    const since = sinceOf(state);
    shell.show(
      labelled(
        [
          [
            'service',
            isRunning ? `runs${since ? ` since ${formatMinute(since)}` : ''}` : describeStop(state),
          ],
          ['says', state.StatusText || 'nothing'],
          ['starts', startsWithMachine ? 'with the machine' : 'not by itself: sudo systemctl enable smoocho'],
          ['restarts', `${state.NRestarts} since it was started`],
          ['unit', UNIT_FILE],
        ],
        process.stdout.columns ?? 80,
      ),
    );
    shell.give({
      unitFile: UNIT_FILE,
      isRunning,
      startsWithMachine,
      since,
      restarts: Number(state.NRestarts),
      pid: Number(state.MainPID) || null,
      status: state.StatusText || null,
      state: `${state.ActiveState} (${state.SubState})`,
      lastExitCode: isRunning ? null : Number(state.ExecMainStatus),
    });
    return isRunning && startsWithMachine ? exitCodes.done : exitCodes.checkFoundProblems;
  },
};

/** When the service became active, ISO 8601 in UTC; null when it isn't. */
function sinceOf({ ActiveState, ActiveEnterTimestampMonotonic }: UnitState): string | null {
  const seconds = Number(ActiveEnterTimestampMonotonic) / 1e6;
  if (ActiveState !== 'active' || !(seconds > 0)) return null;
  return new Date(Date.now() - (uptime() - seconds) * 1000).toISOString();
}

function describeStop({ ActiveState, SubState, Result, ExecMainStatus }: UnitState): string {
  if (ActiveState === 'activating')
    return SubState === 'auto-restart'
      ? `failed (${Result}, exit code ${ExecMainStatus}), and is tried again`
      : 'starts';
  if (ActiveState === 'deactivating') return 'stops';
  const how = Result === 'success' ? 'was stopped' : `failed (${Result}, exit code ${ExecMainStatus})`;
  return `does not run: it ${how}. See why: smoocho service logs. Start it: sudo systemctl start smoocho`;
}
