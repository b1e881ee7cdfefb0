import { formatMinute } from '../../figures.ts';
import { type Check, check, type Finding, ok, pathWord, problem, skipped, warning } from '../check.ts';
import type { ServerFacts } from '../probes/server.ts';

const startFix = ({ isService }: ServerFacts) =>
  isService
    ? '`sudo systemctl start smoocho`'
    : '`smoocho start`, or let it start with the machine from now on: `sudo smoocho service install`';

const restartFix = ({ isService, file }: ServerFacts) =>
  isService
    ? '`sudo systemctl restart smoocho`'
    : `stop it with Ctrl-C where it was started, or with \`kill ${file?.pid}\`, then \`smoocho start\``;

/** Of the file of a server that is gone: it takes its file away when it stops. */
const endedHow = ({ file }: ServerFacts) =>
  file?.isOfThisHome && !file.isRunning
    ? ` The one that was started at ${formatMinute(file.startedAt)} ended without stopping, as in a power cut.`
    : '';

export const serverChecks: Check[] = [
  check({
    id: 'server',
    of: 'server',
    looksAt: 'whether a server runs on this database',
    why: 'Without it tills can only sell offline, and nobody can do anything else.',
    judge(facts) {
      const { running, isInUse, isDemo } = facts;
      if (running)
        return ok(
          `A server runs since ${formatMinute(running.since)}${running.isElsewhere ? ', on another machine' : ''}.`,
        );
      if (isDemo) return skipped('No server runs, and this is a demo.');
      return (isInUse ? problem : warning)(`No server runs.${endedHow(facts)}`, startFix(facts));
    },
  }),
  check({
    id: 'server-file',
    of: 'server',
    looksAt: 'what the running server wrote down in the home (server.json): its process, home and version',
    why: 'Commands take the address of the server from it, and what an upgrade brought works only in a server that was started since.',
    judge: judgeServerFile,
  }),
];

function judgeServerFile(facts: ServerFacts): Finding {
  const { running, file, installedVersion, hasRedis } = facts;
  if (!file)
    return running && !running.isElsewhere && !hasRedis
      ? warning(
          'A server runs on this database, and none was started in this home.',
          'Name the home of that server, such as `smoocho status --home FOLDER`, or stop it and start it here: `smoocho start`',
        )
      : skipped('No server was started in this home.');
  const { pid, home, path } = file;
  if (!file.isOfThisHome)
    return running || file.isRunning
      ? warning(
          `server.json is of the server in ${home}: this home is a copy of that one, or the same folder under another name, and a server runs.`,
          `Name the home as that server does: \`smoocho status --home ${pathWord(`${home}`)}\``,
        )
      : warning(
          `server.json is of a server in ${home}, which does not run here: this home is a copy of that one, or the same folder under another name.`,
          `If no server runs on it, such as in a container, remove the file: \`rm ${pathWord(path)}\``,
        );
  if (!file.isRunning) return ok(`Process ${pid} left it behind; the next start replaces it.`);
  if (!running)
    return warning(
      `The server of this home (process ${pid}) runs, and on another database than the settings here name.`,
      `Compare them with those that it was started with: \`smoocho config show\``,
    );
  if (file.version !== null && file.version !== installedVersion)
    return warning(
      `The server is still version ${file.version}, and ${installedVersion} is installed.`,
      `Restart it, to have what was installed: ${restartFix(facts)}`,
    );
  return ok(`Process ${pid} is the server of this home.`);
}
