import pg from 'pg';

/** Formats a database's address without a password: `db.example.com:5432/smoocho`. */
export function databaseAddress(url: string): string {
  const { host, port, database } = new pg.Client({ connectionString: url });
  return host.startsWith('/') ? `${host}/${database}` : `${host}:${port}/${database}`;
}
