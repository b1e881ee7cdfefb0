import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';

// Serves the files with the least code possible (stat, then stream), as a baseline. Runs in a process of its own, like the
// server; prints its port.
const folder = process.argv[2] ?? '';
const server = createServer(async (request, response) => {
  const path = join(folder, (request.url ?? '').replace('/api/images/', '').replace(/\?.*/, ''));
  const { size } = await stat(path);
  response.writeHead(200, { 'content-type': 'image/webp', 'content-length': size });
  pipeline(createReadStream(path), response, () => {});
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.once('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
});
