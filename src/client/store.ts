/**
 * Where a till keeps what has to outlive a restart: its session, its sales that are not on the books yet, its numbers, its
 * place in the feed. Values are JSON. What `put` and `update` have resolved has to survive a crash.
 */
export type Store = {
  /** Undefined for what isn't there. */
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
  /** Those whose key starts so, in the order of keys. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  /**
   * Reads, changes and writes as one step, whoever else has the same store open; undefined deletes. Gives what is there
   * now. `change` must not wait for anything.
   */
  update(key: string, change: (value: unknown) => unknown): Promise<unknown>;
};

/** For tests, and for screens that sell nothing: a restart forgets everything. */
export function memoryStore(): Store {
  // As text, so that nobody shares an object with the store.
  const values = new Map<string, string>();
  const read = (key: string): unknown => {
    const text = values.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  };
  const write = (key: string, value: unknown) => {
    if (value === undefined) values.delete(key);
    else values.set(key, JSON.stringify(value));
  };
  return {
    get: async (key) => read(key),
    put: async (key, value) => write(key, value),
    delete: async (key) => write(key, undefined),
    async list(prefix) {
      const keys = [...values.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.map((key) => [key, read(key)]);
    },
    async update(key, change) {
      write(key, change(read(key)));
      return read(key);
    },
  };
}
