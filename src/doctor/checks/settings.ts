import { isIPv6 } from 'node:net';
import { count } from '../../figures.ts';
import { asSentence, type Check, check, listOf, ok, pathWord, problem, skipped, warning } from '../check.ts';

/** A proxy is one machine, or some in a network of their own. */
const WIDEST = { ipv4: 16, ipv6: 64 };
const isWide = (network: string) => {
  const [address = '', bits] = network.split('/');
  const isV6 = isIPv6(address);
  return bits !== undefined && Number(bits) < (isV6 ? WIDEST.ipv6 : WIDEST.ipv4);
};

const SET_INFO = 'Set "logLevel": "info" in config.json, or LOG_LEVEL=info where the server is started.';

export const settingsChecks: Check[] = [
  check({
    id: 'settings',
    of: 'settings',
    looksAt: 'config.json and the environment: names and values',
    why: 'No command works with them, and the server will not start again.',
    judge: ({ problems, sources, path }) =>
      problems.length === 0
        ? ok(`${count(sources.inFile.length, 'setting')} in config.json, all of them known.`)
        : problem(
            problems.map(asSentence).join(' '),
            `Correct ${problems.length === 1 ? 'it' : 'them'} in ${path} or in the environment, then look again: \`smoocho config check\``,
          ),
  }),
  check({
    id: 'settings-file',
    of: 'settings',
    looksAt: 'whether config.json is there',
    why: 'The schedule and the recovery key of backups are in it, and all else that was set; the server goes by what is usual.',
    judge({ isFileThere, isFileDue, noteOfLoss }) {
      if (!isFileThere)
        return isFileDue
          ? problem(
              'config.json is missing, though a shop was set up here.',
              'Put it back from a copy. If there is none, set again what was in it, the backups first: `smoocho backup schedule "0 3 * * *"`, then `smoocho backup key create`',
            )
          : skipped('No shop was set up in this home.');
      if (noteOfLoss !== null)
        return warning(
          'config.json was lost, and written anew with the usual settings.',
          `Look at them with \`smoocho config show\`, put back what is missing, and then say that it is right: \`rm ${pathWord(noteOfLoss)}\``,
        );
      return ok('config.json is there.');
    },
  }),
  check({
    id: 'environment',
    of: 'settings',
    looksAt: 'variables of the environment that win over config.json',
    why: 'A command in a shell may then use another database or port than the server does.',
    judge({ problems, sources }) {
      if (problems.length > 0) return skipped('The settings are refused: see the check settings.');
      if (sources.overriding.length > 0)
        return warning(
          `${listOf(sources.overriding)} in the environment of this shell ${sources.overriding.length === 1 ? 'wins' : 'win'} over another value in config.json.`,
          `Take ${sources.overriding.length === 1 ? 'it' : 'them'} out of config.json or of this shell: \`unset ${sources.overriding.join(' ')}\``,
        );
      if (sources.inEnvironment.length === 0) return ok('No variable is set.');
      return ok(`${listOf(sources.inEnvironment)} from the environment.`);
    },
  }),
  check({
    id: 'proxy',
    of: 'settings',
    looksAt: 'TRUSTED_PROXIES and ALLOWED_HOSTS',
    why: 'Through a proxy, devices are refused, or everybody counts as one.',
    judge({ config }) {
      if (!config) return skipped('The settings are refused: see the check settings.');
      const { trustedProxies, allowedHosts } = config.edge;
      if (trustedProxies.length === 0)
        return ok(
          allowedHosts.length > 0
            ? `No proxy; devices call it ${listOf(allowedHosts)}.`
            : 'No proxy is named.',
        );
      const wide = trustedProxies.filter(isWide);
      if (wide.length > 0)
        return warning(
          `TRUSTED_PROXIES (trustedProxies) has the large network ${listOf(wide)}: every machine in it may say that it is somebody else.`,
          'Name only the addresses of the proxies themselves, such as "trustedProxies": ["127.0.0.1"] in config.json.',
        );
      if (allowedHosts.length === 0)
        return warning(
          'A proxy is named, and no name under which devices reach it.',
          'Set that name, such as "allowedHosts": ["pos.example.com"] in config.json.',
        );
      return ok(`Behind ${listOf(trustedProxies)}, as ${listOf(allowedHosts)}.`);
    },
  }),
  check({
    id: 'log',
    of: 'settings',
    looksAt: 'how much is logged (logLevel)',
    why: 'When something goes wrong, the log says why; too much of it fills the disk.',
    judge({ config }) {
      if (!config) return skipped('The settings are refused: see the check settings.');
      const { logLevel } = config;
      if (['silent', 'fatal'].includes(logLevel))
        return warning(`The log level is ${logLevel}: next to nothing is logged.`, SET_INFO);
      if (['debug', 'trace'].includes(logLevel))
        return warning(
          `The log level is ${logLevel}: each request is logged.`,
          `Once the fault is found: ${SET_INFO}`,
        );
      return ok(`The log level is ${logLevel}, as JSON lines on stderr.`);
    },
  }),
  check({
    id: 'metrics',
    of: 'settings',
    looksAt: 'the token of /metrics',
    why: 'Monitoring sees nothing of this server.',
    judge({ config }) {
      if (!config) return skipped('The settings are refused: see the check settings.');
      return config.metricsProblem === undefined
        ? ok('Nothing is wrong with the token of /metrics.')
        : warning(
            config.metricsProblem,
            'Put a token into the file that METRICS_TOKEN_FILE names, such as what this prints: `openssl rand -base64 32`',
          );
    },
  }),
];
