import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

// The least that could be called a live feed: a socket says which shop it is of; an order that comes by HTTP is answered and
// goes to the sockets of its shop, without a database. The answer and the event have the bytes of the real ones, from the
// environment. Run in a process of its own, as the server is; prints its port.
const event = JSON.parse(process.env.CEILING_EVENT as string) as { type: string; data: object };

const http = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  request.on('end', () => {
    const data = { ...event.data, id: JSON.parse(text).id };
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify(data));
    const shopId = request.url?.split('/')[3] as string;
    io.to(shopId).emit(event.type, { ...event, data });
  });
});
const io = new Server(http, { serveClient: false, pingInterval: 10_000, pingTimeout: 8_000 });
io.on('connection', (socket) => socket.join(socket.handshake.auth.shopId));
http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (http.address() as AddressInfo).port })}\n`);
});
process.once('SIGTERM', () => {
  void io.close();
  http.closeAllConnections();
});
