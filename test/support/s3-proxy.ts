import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a request: it is forwarded, answered with a status, or its response is cut after so many bytes. */
export type Fate = 'through' | { status: number } | { cutAfterBytes: number };

export type S3Proxy = {
  url: string;
  /** Sets the fate of each later request, by method and path. */
  decide(fate: (method: string, path: string) => Fate): void;
  close(): Promise<void>;
};

/** Proxies an S3 server, so that a test can change its responses. Host and signature are forwarded unchanged. */
export async function startS3Proxy(endpoint: string): Promise<S3Proxy> {
  const { port: targetPort } = new URL(endpoint);
  let fateOf: (method: string, path: string) => Fate = () => 'through';
  const server = createServer((incoming, outgoing) => {
    const fate = fateOf(incoming.method ?? '', incoming.url ?? '');
    if (typeof fate === 'object' && 'status' in fate) return refuse(incoming, outgoing, fate.status);
    forward(incoming, outgoing, Number(targetPort), fate === 'through' ? undefined : fate.cutAfterBytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    decide(fate) {
      fateOf = fate;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Responds with an XML error, like S3. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse, status: number): void {
  incoming.resume();
  const code = status === 403 ? 'AccessDenied' : 'InternalError';
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>x</Message></Error>`;
  outgoing.writeHead(status, { 'content-type': 'application/xml', 'content-length': body.length });
  outgoing.end(incoming.method === 'HEAD' ? undefined : body);
}

function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number,
  cutAfterBytes: number | undefined,
): void {
  const { method, url, headers } = incoming;
  const sent = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (cutAfterBytes === undefined) return void answer.pipe(outgoing);
    let left = cutAfterBytes;
    answer.on('data', (piece: Buffer) => {
      if (left <= 0) return;
      const part = piece.subarray(0, left);
      left -= part.length;
      outgoing.write(part, () => left <= 0 && outgoing.destroy());
    });
  });
  sent.on('error', () => outgoing.destroy());
  incoming.pipe(sent);
}
