const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work`. On a signal that ends this process, runs `clear` first and ignores errors of `work`. */
export async function clearOnSignal<T>(clear: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let ending: Promise<never> | undefined;
  const ignore = () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
  const end = (signal: NodeJS.Signals) => {
    ending ??= clear()
      .catch(() => {})
      .then(() => {
        ignore();
        process.kill(process.pid, signal);
        return new Promise<never>(() => {});
      });
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await work();
  } finally {
    await ending;
    ignore();
  }
}
