import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type DebianPostgres, startDebianPostgres } from './debian-postgres.ts';
import { removeFolder, tempFolder } from './temp.ts';

/**
 * A PostgreSQL as hosters rent it out: it refuses connections without TLS, its certificate is of an authority that no machine
 * knows, and our role is no superuser.
 */
export type RentedPostgres = {
  /** URL of the database, as the role, that verifies the server by `caFile`. */
  url: string;
  caFile: string;
  /** The authority of somebody else. */
  otherCaFile: string;
  /** URL of the database for another role, which also has to show a certificate of the authority; with that certificate. */
  certifiedUrl: string;
  /** One statement as superuser, in a database; returns its rows. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  stop(): void;
};

const HBA = `local all all reject
host all smoocho 127.0.0.1/32 trust
hostssl all shopkeeper all scram-sha-256
hostssl all certified all scram-sha-256 clientcert=verify-ca
`;

/** Roles of AWS, Google and Azure may do this and nothing more; each owns its database, and no template. */
const roleOf = (name: string) =>
  `CREATE ROLE ${name} LOGIN NOSUPERUSER CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'p@ss/w#rd%'`;

/** `name` is in the certificate; `host` is what the URL calls the server. */
export async function startRentedPostgres(
  version: number,
  { name = 'localhost', host = name }: { name?: string; host?: string } = {},
): Promise<RentedPostgres> {
  const folder = tempFolder();
  const path = (file: string) => join(folder, file);
  for (const authority of ['ca', 'other-ca']) makeAuthority(path(authority));
  makeCertificate(folder, 'server', name);
  makeCertificate(folder, 'client', 'certified');
  giveToPostgres(path('server.key'));
  writeFileSync(path('pg_hba.conf'), HBA);
  let server: DebianPostgres | undefined;
  try {
    server = await startDebianPostgres(version, [
      'ssl=on',
      `ssl_cert_file=${path('server.crt')}`,
      `ssl_key_file=${path('server.key')}`,
      `ssl_ca_file=${path('ca.crt')}`,
      `hba_file=${path('pg_hba.conf')}`,
    ]);
    const sql = async (text: string, database = 'postgres') => {
      const client = new pg.Client({ connectionString: server?.url(database) });
      await client.connect();
      try {
        return (await client.query(text)).rows;
      } finally {
        await client.end();
      }
    };
    for (const role of ['shopkeeper', 'certified']) await sql(roleOf(role));
    await sql('CREATE DATABASE smoocho OWNER shopkeeper');
    const url = new URL(server.url('smoocho'));
    Object.assign(url, { hostname: host, username: 'shopkeeper', password: 'p@ss/w#rd%25' });
    url.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: path('ca.crt') }).toString();
    const certified = new URL(url);
    certified.username = 'certified';
    certified.searchParams.set('sslcert', path('client.crt'));
    certified.searchParams.set('sslkey', path('client.key'));
    const stop = () => {
      server?.stop();
      removeFolder(folder);
    };
    const [caFile, otherCaFile] = [path('ca.crt'), path('other-ca.crt')];
    return { url: url.href, caFile, otherCaFile, certifiedUrl: certified.href, sql, stop };
  } catch (error) {
    server?.stop();
    removeFolder(folder);
    throw error;
  }
}

const openssl = (args: string[], cwd?: string) => execFileSync('openssl', args, { cwd, stdio: 'pipe' });
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];

function makeAuthority(path: string): void {
  openssl(['req', '-x509', ...EC, '-subj', '/CN=Hoster', '-keyout', `${path}.key`, '-out', `${path}.crt`]);
}

function makeCertificate(folder: string, file: string, name: string): void {
  const names = ['-subj', `/CN=${file}`, '-addext', `subjectAltName=DNS:${name}`];
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
  const out = ['-keyout', `${file}.key`, '-out', `${file}.crt`];
  openssl(['req', '-x509', ...EC, ...names, ...signer, ...out], folder);
}

function giveToPostgres(file: string): void {
  if (process.getuid?.() !== 0) return;
  // PostgreSQL runs as its own user then.
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  chownSync(file, id('-u'), id('-g'));
}
