import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { until } from './feed-ear.ts';

/** A tab of a real browser, driven over its DevTools protocol. */
export type Tab = {
  /** Runs JavaScript in the page; returns its value, which must be JSON. */
  run<T>(script: string): Promise<T>;
  /** Waits until a script gives something true in the page that is there by then. */
  until(script: string): Promise<void>;
  go(url: string): Promise<void>;
};

const ANSWER_MS = 30_000;

type Answer = { id?: number; result?: { result?: { value?: unknown } }; error?: { message: string } };

/** The one tab of a Chromium that was started with `--remote-debugging-port=0`. */
export async function openTab(child: ChildProcess): Promise<Tab> {
  const port = await portOf(child);
  const list = async () =>
    (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
  let address: string | undefined;
  await until(async () => {
    address = (await list()).find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
    return address !== undefined;
  }, ANSWER_MS);
  const socket = new WebSocket(address as string);
  await once(socket as unknown as EventTarget, 'open');
  let last = 0;
  const waiting = new Map<number, (answer: Answer) => void>();
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
  });

  async function send(method: string, params: object): Promise<Answer> {
    last += 1;
    const id = last;
    const answered = new Promise<Answer>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${method}: no answer.`)), ANSWER_MS);
      waiting.set(id, (answer) => {
        clearTimeout(late);
        waiting.delete(id);
        resolve(answer);
      });
    });
    socket.send(JSON.stringify({ id, method, params }));
    return await answered;
  }

  const evaluate = (expression: string) =>
    send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  return {
    async run<T>(script: string) {
      const { result, error } = await evaluate(script);
      if (error) throw new Error(error.message);
      return result?.result?.value as T;
    },
    // Between two pages there is none to ask.
    until: (script) => until(async () => Boolean((await evaluate(script)).result?.result?.value), ANSWER_MS),
    async go(url) {
      await send('Page.navigate', { url });
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  let said = '';
  return await new Promise<number>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`Chromium has no DevTools: ${said}`)), ANSWER_MS);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const port = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said)?.[1];
      if (port === undefined) return;
      clearTimeout(late);
      resolve(Number(port));
    });
  });
}
