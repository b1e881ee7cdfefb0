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
  /** One statement as superuser, in a database; returns its rows. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  stop(): void;
};

const HBA = `local all all reject
host all smoocho 127.0.0.1/32 trust
hostssl all shopkeeper all scram-sha-256
`;

/** Roles of AWS, Google and Azure may do this and nothing more; each owns its database, and no template. */
const ROLE = `CREATE ROLE shopkeeper LOGIN NOSUPERUSER CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD 'p@ss/w#rd%'`;

/** `name` is in the certificate; `host` is what the URL calls the server. */
export async function startRentedPostgres(
  version: number,
  { name = 'localhost', host = name }: { name?: string; host?: string } = {},
): Promise<RentedPostgres> {
  const folder = tempFolder();
  const path = (file: string) => join(folder, file);
  for (const authority of ['ca', 'other-ca']) makeAuthority(path(authority));
  makeCertificate(folder, name);
  writeFileSync(path('pg_hba.conf'), HBA);
  let server: DebianPostgres | undefined;
  try {
    server = await startDebianPostgres(version, [
      'ssl=on',
      `ssl_cert_file=${path('server.crt')}`,
      `ssl_key_file=${path('server.key')}`,
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
    await sql(ROLE);
    await sql('CREATE DATABASE smoocho OWNER shopkeeper');
    const url = new URL(server.url('smoocho'));
    Object.assign(url, { hostname: host, username: 'shopkeeper', password: 'p@ss/w#rd%25' });
    url.search = new URLSearchParams({ sslmode: 'verify-full', sslrootcert: path('ca.crt') }).toString();
    const stop = () => {
      server?.stop();
      removeFolder(folder);
    };
    return { url: url.href, caFile: path('ca.crt'), otherCaFile: path('other-ca.crt'), sql, stop };
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

function makeCertificate(folder: string, name: string): void {
  const names = ['-subj', '/CN=database', '-addext', `subjectAltName=DNS:${name}`];
  const signer = ['-CA', 'ca.crt', '-CAkey', 'ca.key'];
  openssl(
    ['req', '-x509', ...EC, ...names, ...signer, '-keyout', 'server.key', '-out', 'server.crt'],
    folder,
  );
  if (process.getuid?.() !== 0) return;
  // PostgreSQL runs as its own user then.
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  chownSync(join(folder, 'server.key'), id('-u'), id('-g'));
}
