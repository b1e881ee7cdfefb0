import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export type TcpProxy = {
  url: string;
  port: number;
  /** Connections that are open now. */
  open(): number;
  /** The source ports of those connections, as the server sees them. */
  ports(): number[];
  /** Breaks every connection with a reset; new ones are taken again at once. */
  cut(): void;
  /** Half-open, as a lost Wi-Fi is: nothing gets through either way and nobody is told; new connections are taken and stay mute. */
  pause(): void;
  /** What was held back goes through. */
  resume(): void;
  /** What the server answers is lost on the way; what is sent to it arrives. */
  mute(): void;
  unmute(): void;
  /** So many bytes a second get through to the server on each new connection; null as many as come. */
  limit(bytesPerSecond: number | null): void;
  /** Like a server that is down: connections break, and new ones are reset. */
  refuse(): void;
  /** Takes connections again after `refuse`. */
  accept(): void;
  /** As `pause`, for those that are open now and for ever; new connections are carried. */
  strand(): void;
  /** New connections lead to another server; those that are open stay as they are. */
  moveTo(target: string | number): void;
  close(): Promise<void>;
};

/** A line to `target` (a URL or a port of the loopback) that a test can cut, hold and mend. */
export async function startTcpProxy(target: string | number): Promise<TcpProxy> {
  let targetPort = portOf(target);
  const sockets = new Set<Socket>();
  let isPaused = false;
  let isRefusing = false;
  let isMute = false;
  let bytesPerSecond: number | null = null;

  // By hand and not by pipe(), which would resume a paused socket as soon as the other side drains.
  const carry = (from: Socket, to: Socket, isAnswer: boolean) => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on('error', () => {});
    const rate = isAnswer ? null : bytesPerSecond;
    if (rate === null) from.on('data', (bytes) => (isMute && isAnswer ? undefined : to.write(bytes)));
    else drip(from, to, rate);
    from.once('end', () => to.end());
    from.once('close', () => {
      sockets.delete(from);
      to.destroySoon();
    });
    if (isPaused) from.pause();
    else from.resume();
  };

  const server = createServer({ pauseOnConnect: true }, (near) => {
    if (isRefusing) {
      near.on('error', () => {});
      near.resetAndDestroy();
      return;
    }
    const far = connect(targetPort, '127.0.0.1');
    carry(near, far, false);
    carry(far, near, true);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    for (const socket of [...sockets]) socket.resetAndDestroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    open: () => sockets.size / 2,
    ports: () =>
      [...sockets].flatMap(({ localPort }) => (localPort && localPort !== port ? [localPort] : [])),
    cut,
    pause() {
      isPaused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isPaused = false;
      for (const socket of sockets) socket.resume();
    },
    mute() {
      isMute = true;
    },
    unmute() {
      isMute = false;
    },
    limit(rate) {
      bytesPerSecond = rate;
    },
    refuse() {
      isRefusing = true;
      cut();
    },
    accept() {
      isRefusing = false;
    },
    strand() {
      for (const socket of sockets) {
        for (const event of ['data', 'end', 'close']) socket.removeAllListeners(event);
        socket.pause().once('close', () => sockets.delete(socket));
      }
    },
    moveTo(next) {
      targetPort = portOf(next);
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

const portOf = (target: string | number) =>
  typeof target === 'number' ? target : Number(new URL(target).port);

const DRIP_MS = 20;

function drip(from: Socket, to: Socket, bytesPerSecond: number): void {
  const size = Math.ceil((bytesPerSecond * DRIP_MS) / 1000);
  from.on('data', async (bytes) => {
    from.pause();
    for (let at = 0; at < bytes.length && !from.destroyed && !to.destroyed; at += size) {
      to.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setTimeout(resolve, DRIP_MS));
    }
    from.resume();
  });
}
