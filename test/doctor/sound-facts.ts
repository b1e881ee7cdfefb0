import { loadConfig } from '../../src/config.ts';
import type { Facts, KnownFacts } from '../../src/doctor/facts.ts';

export const NOW = new Date('2026-12-01T10:00:00Z');

const backup: Facts['backups']['status'] = {
  schedule: '0 3 * * *',
  drill: '0 4 * * 0',
  keep: { daily: 7, weekly: 4, monthly: 12 },
  to: '/mnt/usb',
  restoredAt: null,
  file: '/mnt/usb/smoocho-20261130T213000Z-1f2e3d4c.smoocho',
  sizeBytes: 12_000_000,
  lastFailure: null,
  hasRecoveryKey: true,
  nextAt: '2026-12-01T21:30:00.000Z',
  nextDrillAt: '2026-12-05T22:30:00.000Z',
  isOverdue: false,
  isDrillOverdue: false,
  lastCreatedAt: '2026-11-30T21:31:00.000Z',
  lastVerifiedAt: '2026-11-30T21:31:00.000Z',
  lastDrillAt: '2026-11-28T22:31:00.000Z',
};

/** A shop with nothing wrong; tests change a field of it. */
export function soundFacts(): Facts {
  const { host, port, logLevel, edge, metricsProblem, imageStore } = loadConfig({ home: '/srv/shop' }, {});
  return {
    machine: {
      node: '24.21.0',
      platform: 'linux',
      arch: 'arm64',
      memoryBytes: 4_000_000_000,
      availableBytes: 2_000_000_000,
      swapBytes: 100_000_000,
      openFiles: 65_536,
    },
    service: { unit: { load: 'loaded', active: 'active', enabled: 'enabled' } },
    home: {
      path: '/srv/shop',
      isOpen: false,
      otherOwner: null,
      foreign: [],
      loose: [],
      missing: [],
      blocked: [],
      leftovers: [],
      writeProblem: null,
      inodes: { free: 900_000, total: 1_000_000 },
    },
    settings: {
      problem: null,
      sources: { inFile: ['backup'], inEnvironment: [], overriding: [] },
      config: { host, port, logLevel, edge, metricsProblem, imageStore },
    },
    disks: {
      disks: [
        { folder: '/srv/shop', places: ['home', 'database'], level: null, freeBytes: 5e10, sizeBytes: 1e11 },
      ],
      silent: [],
      low: [],
      level: null,
    },
    https: { mode: 'own', endsAt: new Date('2027-10-01T00:00:00Z'), problem: null, uncovered: [] },
    redis: { isConfigured: true, problem: null },
    network: {
      host: '0.0.0.0',
      http: { port: 8080, state: 'ours', code: 'EADDRINUSE' },
      https: { port: 8443, state: 'ours', code: 'EADDRINUSE' },
      ready: { isReady: true, status: 'ready' },
    },
    connection: { kind: 'embedded', address: '127.0.0.1:20001/smoocho', url: 'postgres://', problem: null },
    database: {
      version: '18.4',
      isTooOld: false,
      oldestVersion: 15,
      encoding: 'UTF8',
      isCollationOld: false,
      durabilityOff: [],
      isStandby: false,
      maxConnections: 57,
      connections: 9,
      canCreate: true,
      sizeBytes: 14_000_000,
      clockAheadMs: 3,
      standby: { names: 'second', level: 'on', isStandby: false, isMissing: false },
      server: { since: new Date('2026-12-01T03:00:00Z'), isElsewhere: false },
      poolSize: 8,
      hasReplica: true,
      replicaProblem: null,
    },
    schema: { applied: ['0001_core'], pending: [], unknown: [], isHalfRestored: false, isStandby: false },
    keys: {
      name: 'The key file /srv/shop/secrets/master-key',
      isThere: true,
      problem: null,
      isCompared: true,
      backupKeyProblem: null,
    },
    shops: {
      shops: 1,
      shopsWithoutOwner: 0,
      owners: 1,
      devicesPaired: 3,
      devicesOnline: 2,
      devicesForgotten: 0,
      ordersToReview: 0,
      oldOpenOrders: 0,
      oldOpenShifts: 0,
      lowStock: 0,
      brokenFeeds: 0,
      lastSealAt: new Date('2026-12-01T09:59:58Z'),
      timezones: ['Asia/Kolkata'],
      attention: [],
      unsealedChains: 0,
      changedChains: 0,
      newestRecordAt: new Date('2026-12-01T09:59:00Z'),
      unknownZones: [],
    },
    backups: {
      status: structuredClone(backup),
      target: { kind: 'folder', archives: 23, problem: null },
      isSameDisk: false,
    },
    images: {
      store: 'filesystem',
      otherSetting: null,
      pictures: 40,
      problem: null,
      hasBucket: null,
      isFolderGone: false,
      isFolderClosed: false,
    },
  };
}

export const known = (facts: Facts): KnownFacts =>
  Object.fromEntries(Object.entries(facts).map(([name, is]) => [name, { is }])) as KnownFacts;
