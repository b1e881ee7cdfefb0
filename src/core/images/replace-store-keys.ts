import { ConfigError, changeConfigFile, shownSettings } from '../../config.ts';
import { checkStore } from '../../storage/check-store.ts';
import { StoreUnavailableError } from '../../storage/errors.ts';
import { recordSecurity } from '../audit/record-security.ts';
import { type Context, eventActor } from '../context.ts';

export type StoreKeys = { accessKey: string; secretKey: string };

/**
 * Writes new keys of the image store into `config.json` once they have written, read and taken away a file in its bucket. The old ones
 * stay good until they are taken away where they come from: what runs has them until it is restarted. Throws ConfigError where the keys
 * in use don't come from `config.json`, StoreUnavailableError for keys that don't do.
 */
export async function replaceStoreKeys({ app, em, actor }: Context, keys: StoreKeys): Promise<void> {
  const { home, s3 } = app.config;
  requireInFile(home);
  if (!s3)
    throw new ConfigError(
      'Pictures are in the home, and have no keys: S3_ENDPOINT and S3_BUCKET are not set.',
    );
  const findings = await checkStore('minio', { home, s3: { ...s3, ...keys } });
  // A request without a body is answered with AccessDenied whatever is wrong.
  const finding = findings.find(({ code }) => code !== 'AccessDenied') ?? findings[0];
  if (finding)
    throw new StoreUnavailableError(
      finding.code,
      `The new keys don't do: ${finding.detail} Nothing was changed.`,
    );
  changeConfigFile(home, (settings) => ({
    ...settings,
    s3AccessKey: keys.accessKey,
    s3SecretKey: keys.secretKey,
  }));
  await recordSecurity(em, {
    type: 'secrets_rotated',
    shopId: null,
    at: app.now(),
    actor: eventActor(actor),
    details: { name: 'image-store' },
  });
}

/** Both, or one of them would go on being the old one. */
function requireInFile(home: string): void {
  const elsewhere = shownSettings(home).settings.filter(
    ({ name, source }) =>
      ['s3AccessKey', 's3SecretKey'].includes(name) && source !== 'config.json' && source !== 'default',
  );
  if (elsewhere.length === 0) return;
  const names = elsewhere.map(({ from }) => from).join(' and ');
  throw new ConfigError(
    `The keys of the image store come from ${names}, which can't be written from here. Write the new ones there, try them with "smoocho config check --connect", and restart the server.`,
  );
}
