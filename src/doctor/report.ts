import { writeFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { settingNames } from '../config.ts';
import type { CheckResult } from '../contract/command-answers/doctor.ts';
import { isTimeZone } from '../contract/shops.ts';
import { version } from '../version.ts';
import type { Fact, KnownFacts } from './facts.ts';
import type { PortFacts } from './probes/network.ts';

/**
 * Checks whose every sentence is the program's own, with figures and fixed words alone. No pattern finds a name in what people typed or
 * other programs said, so that the sentences of all other checks are left out; their state says enough.
 */
const OWN_SENTENCES = new Set([
  'settings-file',
  'environment',
  'log',
  'database-version',
  'database-role',
  'database-encoding',
  'database-collation',
  'database-durability',
  'database-connections',
  'clock-database',
  'server',
  'http-port',
  'https-port',
  'backup-schedule',
  'backup-drill',
  'backup-recovery-key',
  'backup-disk',
  'shops',
  'owners',
  'devices',
  'orders-to-review',
  'open-orders',
  'open-shifts',
  'clock-records',
  'audit-seal',
  'books',
  'image-setting',
  'disk-answers',
  'disk-files',
  'node',
  'system',
  'memory',
  'swap',
  'open-files',
  'clock',
  'service',
]);

/** A skipped check may have the error that kept it from looking. */
const isQuotable = ({ id, state }: CheckResult) => state !== 'skipped' && OWN_SENTENCES.has(id);

/**
 * Writes a bundle for support: one file of JSON, which its sender can read before sending it. It has figures, names of settings
 * and the checks; no secret, no name, address, phone number or e-mail of anybody, no path of this machine, and no
 * log. Throws the file system's error, EEXIST for a file that is there.
 */
export async function writeReport(
  path: string,
  facts: KnownFacts,
  checks: readonly CheckResult[],
  now: Date,
): Promise<void> {
  const redact = redactor(facts);
  const report = {
    format: 1,
    madeAt: now.toISOString(),
    smoocho: version,
    ...figures(facts),
    checks: checks.map((one) => ({
      id: one.id,
      state: one.state,
      // Redacted all the same, should a sentence change one day.
      detail: isQuotable(one) ? redact(one.detail) : null,
    })),
  };
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`, { flag: 'wx', mode: 0o600 });
}

/** What a fact holds, or null where it is missing. */
const pick = <T, P>(fact: Fact<T>, choose: (value: T) => P): P | null =>
  'is' in fact ? choose(fact.is) : null;

/** Chosen field by field: a new field of a fact gets in here only when somebody writes it down. */
const figures = (facts: KnownFacts) => ({
  machine: pick(facts.machine, (it) => ({
    node: it.node,
    platform: it.platform,
    arch: it.arch,
    memoryBytes: it.memoryBytes,
    availableBytes: it.availableBytes,
    swapBytes: it.swapBytes,
    openFiles: String(it.openFiles),
  })),
  service: pick(
    facts.service,
    ({ unit }) => unit && { load: unit.load, active: unit.active, enabled: unit.enabled },
  ),
  settings: pick(
    facts.settings,
    ({ sources: { inFile, inEnvironment, overriding }, problems, isFileThere, noteOfLoss }) => ({
      isFileThere,
      wasLost: noteOfLoss !== null,
      problems: problems.length,
      // A mistyped name is what somebody typed.
      inFile: inFile.filter((name) => settingNames.includes(name)),
      inEnvironment,
      overriding,
    }),
  ),
  disks: pick(facts.disks, ({ disks, silent }) => ({
    disks: disks.map(({ places, level, freeBytes, sizeBytes }) => ({ places, level, freeBytes, sizeBytes })),
    silent,
  })),
  https: pick(facts.https, ({ mode, endsAt, uncovered }) => ({ mode, endsAt, uncovered: uncovered.length })),
  redis: pick(facts.redis, ({ isConfigured, problem }) => ({ isConfigured, isUp: problem === null })),
  network: pick(facts.network, ({ http, https, ready }) => ({
    http: portOf(http),
    https: https && portOf(https),
    isReady: ready?.isReady ?? null,
  })),
  database: pick(facts.database, (it) => ({
    version: it.version,
    encoding: it.encoding,
    isCollationOld: it.isCollationOld,
    durabilityOff: it.durabilityOff,
    isStandby: it.isStandby,
    maxConnections: it.maxConnections,
    connections: it.connections,
    poolSize: it.poolSize,
    sizeBytes: it.sizeBytes,
    clockAheadMs: it.clockAheadMs,
    hasStandby: it.standby.names.trim() !== '',
    isStandbyMissing: it.standby.isMissing,
    hasReplica: it.hasReplica,
    serverSince: it.server?.since ?? null,
  })),
  kind: pick(facts.connection, ({ kind }) => kind),
  schema: pick(facts.schema, ({ applied, pending, unknown, isHalfRestored }) => ({
    applied: applied.filter((name) => !unknown.includes(name)),
    pending,
    unknown: unknown.length,
    isHalfRestored,
  })),
  shops: pick(facts.shops, (it) => ({
    shops: it.shops,
    shopsWithoutOwner: it.shopsWithoutOwner,
    owners: it.owners,
    devicesPaired: it.devicesPaired,
    devicesOnline: it.devicesOnline,
    devicesForgotten: it.devicesForgotten,
    ordersToReview: it.ordersToReview,
    oldOpenOrders: it.oldOpenOrders,
    oldOpenShifts: it.oldOpenShifts,
    lowStock: it.lowStock,
    brokenFeeds: it.brokenFeeds,
    unsealedChains: it.unsealedChains,
    changedChains: it.changedChains,
    lastSealAt: it.lastSealAt,
    newestRecordAt: it.newestRecordAt,
    // One that is not known may be anything that somebody typed.
    timezones: it.timezones.filter(isTimeZone),
    unknownZones: it.unknownZones.length,
    attention: it.attention.map(({ code, severity, since }) => ({ code, severity, since })),
  })),
  backupHistory: pick(facts.backupHistory, ({ status, isDrillOverdue, isInUse }) => ({
    schedule: status.schedule,
    drill: status.drill,
    keep: { daily: status.keep.daily, weekly: status.keep.weekly, monthly: status.keep.monthly },
    lastCreatedAt: status.lastCreatedAt,
    lastVerifiedAt: status.lastVerifiedAt,
    lastDrillAt: status.lastDrillAt,
    lastFailureAt: status.lastFailure?.at ?? null,
    sizeBytes: status.sizeBytes,
    isOverdue: status.isOverdue,
    isDrillOverdue,
    isInUse,
    hasRecoveryKey: status.hasRecoveryKey,
  })),
  server: pick(facts.server, ({ running, file, installedVersion, isService }) => ({
    isRunning: running !== null,
    isElsewhere: running?.isElsewhere ?? null,
    hasFile: file !== null,
    isFileCurrent: file ? file.isRunning && file.isOfThisHome : null,
    isSameVersion: file ? file.version === installedVersion : null,
    isService,
  })),
  backups: pick(facts.backups, ({ target, isSameDisk }) => ({
    target: target.kind,
    archives: target.archives,
    isSameDisk,
  })),
  images: pick(facts.images, ({ store, pictures, problem, hasBucket }) => ({
    store,
    pictures,
    isUp: problem === null,
    hasBucket,
  })),
});

const portOf = ({ port, state, code }: PortFacts) => ({ port, state, code });

/** Names and addresses of networks and files that sentences of checks may have, and what stands for each. */
const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\b[a-z][a-z0-9+.-]*:\/\/[^\s,;)]+/gi, 'URL'],
  [/[^\s@<>"'(]+@[^\s@<>"')]+\.[^\s@<>"'),.]+/g, 'EMAIL'],
  [/(?<![\w/])\/(?:[^\s/'",;:()]+\/)*[^\s/'",;:()]*[^\s/'",;:().]/g, 'PATH'],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:\/\d+)?(?![\w.]*\d)/g, 'ADDRESS'],
  [/(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}(?:\/\d+)?/gi, 'ADDRESS'],
  [/(?<![\w])(?:::1|::)(?![\w])/g, 'ADDRESS'],
  // A host's name, and not a file's or a version's.
  [/(?<![\w.-])(?:[a-z0-9-]+\.)+(?:[a-z]{2,})(?::\d+)?(?![\w-])/gi, 'HOST'],
  [/\+\d[\d ()-]{5,}\d|(?<![\d.,-])\d{7,}(?![\d.,-])/g, 'NUMBER'],
];

/** Names with a dot that are no host's. */
const KNOWN_NAMES = /^(config\.json|smoocho\.service)$/;

/** For sentences: takes out names of this machine, of its user and of the settings, then whatever looks like one. */
function redactor(facts: KnownFacts): (text: string) => string {
  const edge = pick(facts.settings, ({ config }) => config?.edge ?? null);
  const names = [
    pick(facts.home, ({ path }) => path),
    hostname(),
    hostname().split('.')[0],
    userNameOf(),
    ...(edge ? [...edge.allowedHosts, ...edge.allowedOrigins, ...edge.trustedProxies] : []),
    ...(pick(facts.https, ({ uncovered }) => uncovered) ?? []),
    pick(facts.database, ({ standby }) => standby.names),
  ]
    .filter((name) => name !== null && name !== undefined && name.trim().length > 2)
    .sort((a, b) => (b as string).length - (a as string).length) as string[];
  return (text) => {
    const named = names.reduce((rest, name) => rest.replaceAll(name, 'NAME'), text);
    return PATTERNS.reduce(
      (rest, [pattern, replacement]) =>
        rest.replace(pattern, (found) => (KNOWN_NAMES.test(found) ? found : replacement)),
      named,
    );
  };
}

function userNameOf(): string | null {
  try {
    const { username } = userInfo();
    // Its name is in half of all sentences, and is nobody's.
    return ['root', 'smoocho'].includes(username) ? null : username;
  } catch {
    return null;
  }
}
