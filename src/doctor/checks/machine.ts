import { formatMinute, formatSize } from '../../figures.ts';
import { canBeNow, LEAST_MEMORY_BYTES } from '../../machine-limits.ts';
import { type Check, check, listOf, ok, problem, skipped, warning } from '../check.ts';

const MB = 1_000_000;

/** As `bin/smoocho.js` and `engines` have it. */
const NODE = [24, 8] as const;
const AVAILABLE_BYTES = 200 * MB;
const SWAP_BELOW_BYTES = 2_000 * MB;
/** Each till holds a socket or two, and reports and pictures open files. */
const OPEN_FILES = 4_096;
const RUNS_ON: readonly string[] = ['linux', 'darwin'];
const BITS_64: readonly string[] = ['x64', 'arm64', 'ppc64', 's390x', 'riscv64'];

const isOld = (version: string) => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < NODE[0] || (major === NODE[0] && minor < NODE[1]);
};

export const machineChecks: Check[] = [
  check({
    id: 'node',
    of: 'machine',
    looksAt: 'the version of Node',
    why: 'An older one lacks what passwords are hashed with.',
    judge: ({ node }) =>
      isOld(node)
        ? problem(
            `This is Node ${node}, and ${NODE.join('.')} is the oldest that works.`,
            'Install Node 24 or newer.',
          )
        : ok(`Node ${node}.`),
  }),
  check({
    id: 'system',
    of: 'machine',
    looksAt: 'operating system and processor',
    why: 'It may work there, and nobody has tried.',
    judge({ platform, arch }) {
      const name = `${platform}, ${arch}`;
      if (RUNS_ON.includes(platform) && BITS_64.includes(arch)) return ok(`${name}.`);
      return warning(`This is ${name}.`, 'Use 64-bit Linux, such as Debian or Raspberry Pi OS (64-bit).');
    },
  }),
  check({
    id: 'memory',
    of: 'machine',
    looksAt: 'the memory of the machine, and what is left of it',
    why: 'Without memory the system ends programs, and the one that sells may be among them.',
    judge({ memoryBytes, availableBytes }) {
      const have = `${formatSize(availableBytes)} of ${formatSize(memoryBytes)} are free.`;
      if (availableBytes < AVAILABLE_BYTES)
        return warning(have, 'See what takes it, and end that: `ps aux --sort=-rss | head`');
      if (memoryBytes < LEAST_MEMORY_BYTES) return warning(have, 'Use a machine with 1 GB or more.');
      return ok(have);
    },
  }),
  check({
    id: 'swap',
    of: 'machine',
    looksAt: 'room on the disk that stands in for memory',
    why: 'On a small machine it bridges the minutes of a large import or a backup.',
    judge({ memoryBytes, swapBytes }) {
      if (swapBytes === null) return skipped('This system does not tell.');
      if (swapBytes > 0) return ok(`${formatSize(swapBytes)} of swap.`);
      if (memoryBytes >= SWAP_BELOW_BYTES) return ok('No swap, and with this much memory none is needed.');
      return warning(
        `There is no swap, beside ${formatSize(memoryBytes)} of memory.`,
        'Make some: `sudo fallocate -l 1G /swapfile && sudo chmod 600 /swapfile && sudo mkswap /swapfile && sudo swapon /swapfile`. To have it after a restart, too: `echo "/swapfile none swap sw 0 0" | sudo tee -a /etc/fstab`',
      );
    },
  }),
  check({
    id: 'open-files',
    of: 'machine',
    looksAt: 'how many files and connections one program may have open (ulimit -n)',
    why: 'Each till takes one or two: beyond the limit, no device connects.',
    judge({ openFiles }) {
      if (openFiles === null) return skipped('This system does not tell.');
      const have = openFiles === Number.POSITIVE_INFINITY ? 'any number' : openFiles.toLocaleString('en-US');
      return openFiles < OPEN_FILES
        ? warning(
            `${have} open files are allowed.`,
            'In the shell, before the start: `ulimit -n 65536`. In its systemd unit: LimitNOFILE=65536.',
          )
        : ok(`${have} open files are allowed.`);
    },
  }),
  check({
    id: 'clock',
    of: 'machine',
    looksAt: 'whether the clock shows a year that is possible',
    why: 'Orders get a wrong date, and devices refuse the certificate.',
    judge(_, now) {
      const says = `The clock says ${formatMinute(now)}.`;
      return canBeNow(now) ? ok(says) : problem(says, 'Set the clock: `sudo timedatectl set-ntp true`');
    },
  }),
  check({
    id: 'time-zones',
    of: 'shops',
    looksAt: 'whether Node and PostgreSQL know the time zone of each shop',
    why: 'The business day begins at the wrong time.',
    judge({ timezones, unknownZones }) {
      const unknown = [...new Set([...unknownZones, ...timezones.filter((zone) => !isKnown(zone))])];
      if (unknown.length === 0)
        return ok(timezones.length > 0 ? `${listOf(timezones)}.` : 'There is no shop yet.');
      return problem(
        `${listOf(unknown)} is not known here.`,
        'Install the time zone data of the system: `sudo apt-get install tzdata`',
      );
    },
  }),
  check({
    id: 'service',
    of: 'service',
    looksAt: 'the systemd unit: there, enabled, running',
    why: 'After a power cut the shop starts by itself only with it.',
    judge({ unit }) {
      if (!unit)
        return skipped('This machine was not started by systemd: what starts the server here is not known.');
      if (unit.load !== 'loaded')
        return warning('There is no unit smoocho.service.', '`sudo smoocho service install`');
      if (unit.active === 'failed')
        return problem(
          'smoocho.service has failed.',
          'See why, `sudo journalctl -u smoocho -n 50`, then start it again: `sudo systemctl restart smoocho`',
        );
      if (!['enabled', 'enabled-runtime', 'static', 'alias', 'generated'].includes(unit.enabled))
        return warning(
          `smoocho.service is ${unit.enabled || 'not enabled'}.`,
          '`sudo systemctl enable smoocho`',
        );
      if (unit.active !== 'active' && unit.active !== 'activating')
        return warning(`smoocho.service is ${unit.active}.`, '`sudo systemctl start smoocho`');
      return ok('smoocho.service is enabled and runs.');
    },
  }),
];

function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
