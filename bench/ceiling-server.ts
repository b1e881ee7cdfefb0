import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { koaBody } from 'koa-body';
import pg from 'pg';

// The least that could be called a sale: parse the body, lock the counter, insert one row, commit, answer. Run in a
// process of its own, as the server is; prints its port.
const pool = new pg.Pool({ connectionString: process.env.CEILING_URL, max: 8 });
await pool.query(`
  CREATE TABLE IF NOT EXISTS ceiling_heads (id int PRIMARY KEY, seq bigint NOT NULL);
  CREATE TABLE IF NOT EXISTS ceiling_sales (id uuid PRIMARY KEY, seq bigint NOT NULL, body jsonb NOT NULL);
  INSERT INTO ceiling_heads VALUES (1, 0) ON CONFLICT DO NOTHING`);
const SQL = `
  WITH head AS (UPDATE ceiling_heads SET seq = seq + 1 WHERE id = 1 RETURNING seq)
  INSERT INTO ceiling_sales SELECT $1, seq, $2 FROM head RETURNING seq`;

const koa = new Koa();
koa.use(koaBody({ multipart: false, urlencoded: false, text: false }));
koa.use(async (ctx) => {
  const sale = ctx.request.body as { id: string };
  const { rows } = await pool.query({ name: 'sale', text: SQL, values: [sale.id, sale] });
  ctx.status = 201;
  ctx.body = { ...sale, seq: rows[0].seq };
});
const server = koa.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => void pool.end());
});
