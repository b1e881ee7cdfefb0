import { isIPv6 } from 'node:net';
import { count } from '../../figures.ts';
import { type Check, check, listOf, ok, problem, skipped, warning } from '../check.ts';

/** A proxy is one machine, or some in a network of their own. */
const WIDEST = { ipv4: 16, ipv6: 64 };
const isWide = (network: string) => {
  const [address = '', bits] = network.split('/');
  const isV6 = isIPv6(address);
  return bits !== undefined && Number(bits) < (isV6 ? WIDEST.ipv6 : WIDEST.ipv4);
};

export const settingsChecks: Check[] = [
  check({
    id: 'settings',
    of: 'settings',
    looksAt: 'config.json and the environment: names and values',
    why: 'No command works with them, and the server will not start again.',
    judge: ({ problem: fault, sources }) =>
      fault === null
        ? ok(`${count(sources.inFile.length, 'setting')} in config.json, all of them known.`)
        : problem(fault, 'Correct it, then look again: smoocho doctor'),
  }),
  check({
    id: 'environment',
    of: 'settings',
    looksAt: 'variables of the environment that win over config.json',
    why: 'A command in a shell may then use another database or port than the server does.',
    judge({ problem: fault, sources }) {
      if (fault !== null) return skipped('The settings are refused: see the check settings.');
      if (sources.overriding.length > 0)
        return warning(
          `${listOf(sources.overriding)} in the environment of this shell ${sources.overriding.length === 1 ? 'wins' : 'win'} over another value in config.json.`,
          `unset ${sources.overriding.join(' ')}, or take them out of config.json.`,
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
          `TRUSTED_PROXIES has the large network ${listOf(wide)}: every machine in it may say that it is somebody else.`,
          'Name the addresses of the proxies alone, such as TRUSTED_PROXIES=127.0.0.1.',
        );
      if (allowedHosts.length === 0)
        return warning(
          'A proxy is named, and no name under which devices reach it.',
          'Set it, such as ALLOWED_HOSTS=pos.example.com.',
        );
      return ok(`Behind ${listOf(trustedProxies)}, as ${listOf(allowedHosts)}.`);
    },
  }),
  check({
    id: 'log',
    of: 'settings',
    looksAt: 'LOG_LEVEL',
    why: 'When something goes wrong, the log is what tells; too much of it fills the disk.',
    judge({ config }) {
      if (!config) return skipped('The settings are refused: see the check settings.');
      const { logLevel } = config;
      if (['silent', 'fatal'].includes(logLevel))
        return warning(`LOG_LEVEL is ${logLevel}: next to nothing is written.`, 'Set LOG_LEVEL=info.');
      if (['debug', 'trace'].includes(logLevel))
        return warning(
          `LOG_LEVEL is ${logLevel}: each request is written.`,
          'Set LOG_LEVEL=info once the fault is found.',
        );
      return ok(`${logLevel}, as JSON lines on stderr.`);
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
            'Make the file that METRICS_TOKEN_FILE names: openssl rand -base64 32',
          );
    },
  }),
];
