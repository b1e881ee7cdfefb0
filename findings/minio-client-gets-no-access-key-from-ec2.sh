#!/usr/bin/env bash
# minio 8.0.7 (npm), IamAwsProvider: the metadata service of EC2 names the key `AccessKeyId`
# (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html); the provider reads `AccessKeyID`,
# as Go's decoder may, which ignores case. In JavaScript the access key is undefined; the secret and the token are there, and
# getCredentials() does not throw.
#
# Why it matters: on a machine with a role every request fails before it is sent, with a TypeError that names a setting which nobody
# made. Whoever wants instance credentials with this client needs a CredentialProvider of their own, or the keys of a user.
#
# Seen: `access key: undefined, secret key: given, token: given`, `request: TypeError: accessKey should be of type "string"`. Fails when
# that changes. The metadata service is a small server on the loopback.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent node@24.21.0 minio@8.0.7
cat >try.mjs <<'JS'
import assert from 'node:assert';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Client, IamAwsProvider } from 'minio';

const listen = async (onRequest) => {
  const server = createServer(onRequest).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};
// The answer as AWS documents it.
const answer = {
  Code: 'Success',
  LastUpdated: '2026-01-01T00:00:00Z',
  Type: 'AWS-HMAC',
  AccessKeyId: 'ASIAEXAMPLE',
  SecretAccessKey: 'given',
  Token: 'given',
  Expiration: new Date(Date.now() + 3600_000).toISOString(),
};
const metadata = await listen(({ url }, response) => {
  if (url === '/latest/api/token') response.end('token');
  else if (url.endsWith('/security-credentials/')) response.end('shop-role');
  else response.end(JSON.stringify(answer));
});

for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
const provider = new IamAwsProvider({ customEndpoint: `http://127.0.0.1:${metadata.address().port}` });
const credentials = await provider.getCredentials();
const [access, secret, token] = ['accessKey', 'secretKey', 'sessionToken'].map((name) => credentials[name]);
console.log(`minio ${JSON.parse(readFileSync('node_modules/minio/package.json')).version}`);
console.log(`access key: ${access}, secret key: ${secret}, token: ${token}`);
assert.deepEqual([access, secret, token], [undefined, 'given', 'given']);

const place = { endPoint: '127.0.0.1', port: 1, useSSL: false, region: 'us-east-1' };
const client = new Client({ ...place, credentialsProvider: provider });
const error = await client.statObject('pictures', 'kulfi.webp').catch((thrown) => thrown);
console.log(`request: ${error}`);
assert.equal(String(error), 'TypeError: accessKey should be of type "string"');
process.exit(0);
JS
node_modules/.bin/node try.mjs
