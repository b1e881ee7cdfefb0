import { type Check, check, type Finding, listOf, ok, problem, skipped, warning } from '../check.ts';
import type { PortFacts } from '../probes/network.ts';
import { serverChecks } from './server.ts';

/** As the server's own warning, and a week more: someone has to renew it by hand. */
const ENDS_SOON_MS = 21 * 86_400_000;
const day = (time: Date) => time.toISOString().slice(0, 10);

type PortNames = { option: string; field: string };

/** `option` is the one of `start` that takes another port, `field` its name in config.json. */
function judgePort({ port, state, code }: PortFacts, { option, field }: PortNames, usual: number): Finding {
  const other = (number: number) =>
    `\`smoocho start ${option} ${number}\`, or for always "${field}": ${number} in config.json`;
  if (state === 'ours') return ok(`The server listens on port ${port}.`);
  if (state === 'free') return ok(port === 0 ? 'Whichever is free.' : `Port ${port} is free.`);
  if (state === 'taken')
    return problem(
      `Port ${port} is taken by another program.`,
      `See which one, and stop it: \`sudo ss -ltnp 'sport = :${port}'\`. Or take another port: ${other(port + 1)}.`,
    );
  if (code === 'EACCES')
    return problem(`Port ${port} may only be used by root.`, `Take one above 1023: ${other(usual)}.`);
  return problem(
    `Port ${port} can not be used (${code}).`,
    'See whether the host in the settings is an address of this machine: `ip addr`',
  );
}

export const networkChecks: Check[] = [
  ...serverChecks,
  check({
    id: 'ready',
    of: 'network',
    looksAt: 'whether the server on this machine can sell (/readyz)',
    why: 'It runs, and refuses every sale until then.',
    judge({ ready }) {
      if (!ready) return skipped('None listens at the port of the settings.');
      return ready.isReady
        ? ok('The server can sell.')
        : problem(
            `The server can not sell: ${ready.status}.`,
            'See the other checks, and its log: `sudo smoocho service logs`',
          );
    },
  }),
  check({
    id: 'http-port',
    of: 'network',
    looksAt: 'whether the port of HTTP is free, or the server’s',
    why: 'The server can not start there, and tills find something else.',
    judge: ({ http }) => judgePort(http, { option: '--port', field: 'port' }, 8080),
  }),
  check({
    id: 'https-port',
    of: 'network',
    looksAt: 'the same for HTTPS',
    why: 'Devices that were told the HTTPS address do not reach the server.',
    judge({ http, https }) {
      if (!https) return skipped('HTTPS is turned off.');
      if (https.port === http.port && https.port !== 0)
        return problem(
          `HTTPS has the port of HTTP, ${http.port}.`,
          'Take another: `smoocho start --https-port 8443`, or for always "httpsPort": 8443 in config.json.',
        );
      return judgePort(https, { option: '--https-port', field: 'httpsPort' }, 8443);
    },
  }),
  check({
    id: 'https-certificate',
    of: 'https',
    looksAt: 'the certificate of HTTPS, and when it ends',
    why: 'Devices refuse the server without one that is good.',
    judge({ mode, endsAt, problem: fault }, now) {
      if (mode === 'off') return skipped('HTTPS is turned off.');
      if (fault !== null)
        return problem(
          fault,
          'Correct that, or let smoocho make its own certificate: "tls": "auto" in config.json.',
        );
      if (!endsAt) return skipped('The certificate is made by the first start.');
      const fix =
        mode === 'own'
          ? 'The server makes a new one when it starts: `smoocho start`'
          : 'Renew it where it comes from, such as `sudo certbot renew`';
      if (endsAt <= now) return problem(`The certificate ended on ${day(endsAt)}.`, fix);
      return endsAt.getTime() - now.getTime() < ENDS_SOON_MS
        ? warning(`The certificate ends on ${day(endsAt)}.`, fix)
        : ok(`The certificate is good until ${day(endsAt)}.`);
    },
  }),
  check({
    id: 'https-names',
    of: 'https',
    looksAt: 'whether the certificate has the names and addresses of this machine',
    why: 'A device that calls the server by one of them refuses it.',
    judge({ mode, endsAt, uncovered }) {
      if (mode === 'off') return skipped('HTTPS is turned off.');
      if (!endsAt) return skipped('There is no certificate: see the check https-certificate.');
      if (uncovered.length === 0) return ok('The certificate has all of them.');
      return warning(
        `The certificate does not have ${listOf(uncovered)}.`,
        mode === 'own'
          ? 'The server makes a new one within a minute of its start. For a name that its authority was not made for, move secrets/tls-authority away and start again; each device has to trust the new one.'
          : 'Have the certificate made for these names, too.',
      );
    },
  }),
  check({
    id: 'redis',
    of: 'redis',
    looksAt: 'the Redis of REDIS_URL',
    why: 'Until then, workers hear of each other by polling alone, and each counts limits for itself.',
    judge({ isConfigured, problem: fault }) {
      if (!isConfigured) return skipped('No Redis is set; one process needs none.');
      return fault === null
        ? ok('Redis answers.')
        : warning(`Redis does not answer (${fault}).`, 'Start Redis, or correct REDIS_URL.');
    },
  }),
];
