import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { until } from './feed-ear.ts';

const PATH = '/socket.io/?EIO=4&transport=websocket';

/** A WebSocket that speaks Engine.io's and Socket.io's protocol by hand, and so may say what no client would. */
export type RawSocket = {
  /** The messages that came, as they came: `40{…}` is "connected", `44{…}` "refused". */
  received: string[];
  isClosed(): boolean;
  say(message: string): void;
  /** Connects to a namespace. */
  sayWho(auth: unknown, namespace?: string): void;
  /** The code of the problem that refused it, "connected", or null as long as neither is known. */
  answer(): string | null;
  close(): void;
};

export async function dial(url: string): Promise<RawSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}${PATH}`);
  const received: string[] = [];
  let isClosed = false;
  socket.addEventListener('message', ({ data }) => {
    // Whoever doesn't answer pings is gone after a while, which is not what is tested.
    if (data === '2') socket.send('3');
    else received.push(data as string);
  });
  socket.addEventListener('error', () => {});
  socket.addEventListener('close', () => {
    isClosed = true;
  });
  await until(() => isClosed || socket.readyState === WebSocket.OPEN);
  const say = (message: string) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(message);
  };
  return {
    received,
    isClosed: () => isClosed,
    say,
    sayWho: (auth, namespace = '') => say(`40${namespace && `${namespace},`}${JSON.stringify(auth)}`),
    answer() {
      const text = received.find((message) => /^4[04]/.test(message));
      if (!text) return null;
      if (text.startsWith('40')) return 'connected';
      const { message, data } = JSON.parse(text.replace(/^44(\/[^,]*,)?/, ''));
      return data?.type.replace('urn:smoocho:problem:', '') ?? message;
    },
    close: () => socket.close(),
  };
}

/** The answer of the server to whoever says that they are this. */
export async function answerTo(url: string, auth: unknown): Promise<string | null> {
  const socket = await dial(url);
  socket.sayWho(auth);
  await until(() => socket.answer() !== null || socket.isClosed());
  socket.close();
  return socket.answer();
}

/** The connection below a WebSocket, for frames that no WebSocket of Node's would send. */
export async function dialBelow(url: string): Promise<Socket> {
  const opening = request(`${url}${PATH}`, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    },
  }).end();
  const [, socket] = (await once(opening, 'upgrade')) as [unknown, Socket];
  socket.on('error', () => {});
  return socket;
}

const MASKED = 0x80;

/** A frame of a client with a mask of zeros; `opcode` as RFC 6455 §5.2 has it, at most 125 bytes. */
export const frame = (opcode: number, payload: string): Buffer =>
  Buffer.concat([Buffer.from([0x80 | opcode, MASKED | payload.length, 0, 0, 0, 0]), Buffer.from(payload)]);
