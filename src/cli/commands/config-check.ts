import { existsSync } from 'node:fs';
import { readMasterKeys } from '../../app.ts';
import { type Config, ConfigError, findConfigProblems } from '../../config.ts';
import { type Connection, checkConnections } from '../../doctor/check-connections.ts';
import { checkCertificateFiles } from '../../tls/certificates.ts';
import type { Command } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { failureOf } from '../failure.ts';
import { labelled } from '../output/labelled.ts';

const names: Record<Connection['id'], string> = {
  database: 'database',
  replica: 'replica',
  redis: 'Redis',
  'image-store': 'image store',
};

export const configCheck: Command = {
  name: 'config check',
  summary: 'All that is wrong with the settings at once; exit code 4 when something is',
  options: [
    { flags: '--connect', description: 'also try the database, Redis and the image store that they name' },
  ],
  example: 'smoocho config check',
  allowsInvalidConfig: true,
  async run(shell, options) {
    const { problems, config } = findConfigProblems({ home: options.home as string | undefined });
    if (config && problems.length === 0) problems.push(...findInFiles(config));
    const connections =
      options.connect && config && problems.length === 0
        ? await checkConnections(config, (error) => failureOf(error).message)
        : null;
    if (problems.length > 0) shell.print(...problems);
    else shell.print('The settings are right.');
    if (problems.length > 0 && options.connect) shell.print('', 'Nothing was tried: mend these first.');
    if (connections)
      shell.show(
        labelled(
          connections.map(({ id, detail }) => [names[id], detail]),
          process.stdout.columns ?? 80,
        ),
      );
    shell.give({ home: config?.home ?? null, problems, connections });
    const isSound = problems.length === 0 && !connections?.some(({ state }) => state === 'problem');
    return isSound ? exitCodes.done : exitCodes.checkFoundProblems;
  },
};

/** Finds faults in files that the settings name. They are read only when they are used. */
function findInFiles({ masterKey, tls }: Config): string[] {
  const checks = [
    () => void readMasterKeys(masterKey),
    () => {
      if ('path' in masterKey && !masterKey.isOurs && !existsSync(masterKey.path))
        throw new ConfigError(`MASTER_KEY_FILE names ${masterKey.path}, which is not there.`);
    },
    () => {
      if (tls?.files) checkCertificateFiles(tls.files);
    },
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return [error.message];
    }
  });
}
