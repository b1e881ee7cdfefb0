import type { Store } from './store.ts';

// What is used of the IndexedDB API, spelled out: Node's types, which the rest of the package is checked with, have none.
type Request<T> = { result: T; error: unknown; onsuccess: (() => void) | null; onerror: (() => void) | null };
type ObjectStore = {
  get(key: string): Request<unknown>;
  put(value: unknown, key: string): Request<unknown>;
  delete(key: string): Request<unknown>;
  getAll(range: unknown): Request<unknown[]>;
  getAllKeys(range: unknown): Request<unknown[]>;
};
type Transaction = {
  error: unknown;
  objectStore(name: string): ObjectStore;
  abort(): void;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
};
type Database = {
  transaction(store: string, mode: 'readonly' | 'readwrite', options: { durability: 'strict' }): Transaction;
  createObjectStore(name: string): unknown;
  close(): void;
  onversionchange: (() => void) | null;
  onclose: (() => void) | null;
};
type OpenRequest = Request<Database> & {
  onupgradeneeded: (() => void) | null;
  onblocked: (() => void) | null;
};
type IndexedDb = {
  indexedDB?: { open(name: string, version: number): OpenRequest };
  IDBKeyRange: { bound(lower: string, upper: string): unknown };
};

const VALUES = 'values';
/** Above every character that a key has. */
const LAST = '\uffff';

/** In the browser's database `name`; tabs of the same site share it. */
export function indexedDbStore(name: string): Store {
  const { indexedDB, IDBKeyRange } = globalThis as unknown as IndexedDb;
  if (!indexedDB)
    throw new Error('There is no IndexedDB here; in Node use fileStore of smoocho/client/file-store.');
  let opened: Promise<Database> | null = null;

  const open = () => {
    opened ??= new Promise<Database>((resolve, reject) => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(VALUES);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const database = request.result;
        // Another tab deletes it or brings a newer one, or the browser takes it away: the next use opens it again.
        const forget = () => {
          opened = null;
        };
        database.onclose = forget;
        database.onversionchange = () => {
          database.close();
          forget();
        };
        resolve(database);
      };
    }).catch((error) => {
      opened = null;
      throw error;
    });
    return opened;
  };

  /** One transaction; resolved when it is on the disk, not when it is asked for. */
  async function run<T>(
    mode: 'readonly' | 'readwrite',
    work: (values: ObjectStore, done: (result: T) => void, fail: (error: unknown) => void) => void,
  ): Promise<T> {
    const database = await open();
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(VALUES, mode, { durability: 'strict' });
      let result: T;
      let fault: unknown;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(fault ?? transaction.error);
      work(
        transaction.objectStore(VALUES),
        (value) => {
          result = value;
        },
        (error) => {
          fault = error;
          transaction.abort();
        },
      );
    });
  }

  return {
    get: (key) =>
      run<unknown>('readonly', (values, done) => {
        const request = values.get(key);
        request.onsuccess = () => done(request.result);
      }),
    put: (key, value) => run<void>('readwrite', (values) => values.put(value, key)),
    delete: (key) => run<void>('readwrite', (values) => values.delete(key)),
    async list(prefix) {
      const range = IDBKeyRange.bound(prefix, prefix + LAST);
      const [keys, values] = await run<[unknown[], unknown[]]>('readonly', (store, done) => {
        const keys = store.getAllKeys(range);
        const values = store.getAll(range);
        values.onsuccess = () => done([keys.result, values.result]);
      });
      return keys.map((key, i) => [key as string, values[i]]);
    },
    update: (key, change) =>
      run<unknown>('readwrite', (values, done, fail) => {
        const request = values.get(key);
        request.onsuccess = () => {
          try {
            const changed = change(request.result);
            if (changed === undefined) values.delete(key);
            else values.put(changed, key);
            done(changed);
          } catch (error) {
            fail(error);
          }
        };
      }),
  };
}
