import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';

/** An answer as it came; `code` is the problem's, if it is one. */
export type RawAnswer = {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  code: string | undefined;
};

/** Asks with any header, Host and Origin too, which `fetch` doesn't let one set. */
export async function ask(
  url: string,
  path: string,
  headers: Record<string, string | string[]> = {},
  { method = 'GET', body = '', localAddress }: { method?: string; body?: string; localAddress?: string } = {},
): Promise<RawAnswer> {
  const sent = request(`${url}${path}`, {
    method,
    headers,
    agent: false,
    ...(localAddress ? { localAddress } : {}),
  });
  sent.end(body);
  const got = once(sent, 'upgrade').then(([response, socket]) => {
    (socket as Socket).destroy();
    return [response];
  });
  const [response] = await Promise.race([once(sent, 'response'), got]);
  let text = '';
  // Of an upgraded connection there is no more to read.
  if (response.statusCode !== 101) for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: response.headers, text, code: codeOf(text) };
}

const codeOf = (text: string) => /"urn:smoocho:problem:(\w+)"/.exec(text)?.[1];

/** A connection of its own, on which anything can be said, slowly or not at all. */
export type RawConnection = {
  socket: Socket;
  received(): string;
  isClosed(): boolean;
  /** After how many milliseconds it was closed. */
  closed: Promise<number>;
};

export async function openConnection(url: string, said = ''): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const begun = performance.now();
  let received = '';
  let isClosed = false;
  socket.setEncoding('utf8').on('data', (text) => {
    received += text;
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((resolve) => {
    socket.once('close', () => {
      isClosed = true;
      resolve(performance.now() - begun);
    });
  });
  await Promise.race([once(socket, 'connect'), closed]);
  if (said !== '') socket.write(said);
  return { socket, received: () => received, isClosed: () => isClosed, closed };
}

/** All that comes back for what was said, until the server hangs up. */
export async function say(url: string, said: string): Promise<RawAnswer> {
  const connection = await openConnection(url, said);
  await connection.closed;
  const [head = '', text = ''] = connection.received().split('\r\n\r\n', 2);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]?.toLowerCase() as string, line.replace(/^[^:]*:\s*/, '')]),
  );
  return { status: Number(first.split(' ')[1]), headers, text, code: codeOf(text) };
}
