import { pathToFileURL } from 'node:url';
import type { WarmCall, WarmResult } from './warm-commands.ts';

/**
 * Runs the built program's command lines in this process, one after another: of a command that reads the database, loading is three
 * quarters. A command has ended when nothing of it keeps the process alive, as if the process were its own.
 */
const [, , launcher = '', main = ''] = process.argv;
const address = pathToFileURL(main).href;
let calls = 0;
let running: WarmResult | undefined;

for (const name of ['stdout', 'stderr'] as const) {
  process[name].setMaxListeners(0);
  process[name].write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (running) running[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    const done = rest.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (done) process.nextTick(done);
    return true;
  }) as typeof process.stdout.write;
}
process.setMaxListeners(0);

process.on('message', ({ args, env }: WarmCall) => {
  // Else it would keep this process alive.
  process.channel?.unref();
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, launcher, ...args];
  process.exitCode = undefined;
  running = { code: null, stdout: '', stderr: '' };
  calls += 1;
  // The module that a process begins with runs again under another address; those that it imports are there.
  import(`${address}?${calls}`).then(
    () => {
      if (running) running.code = Number(process.exitCode ?? 0);
    },
    (error) => process.nextTick(() => Promise.reject(error)),
  );
});

process.on('beforeExit', () => {
  if (!running) return;
  const result = running;
  running = undefined;
  process.channel?.ref();
  // What only ends later may have the last word, as in a process of its own.
  process.send?.({ ...result, code: result.code === null ? 13 : Number(process.exitCode ?? 0) });
});
