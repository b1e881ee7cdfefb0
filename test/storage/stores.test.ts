import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { isSound } from '../../src/core/images/sound-files.ts';
import { StoreUnavailableError } from '../../src/storage/errors.ts';
import { openFilesystemStore } from '../../src/storage/filesystem-store.ts';
import { type ImageStore, imageKey } from '../../src/storage/image-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { openS3 } from '../../src/storage/s3.ts';
import { requireS3, type S3ServerName, s3ServerNames, startS3, type TestS3 } from '../support/s3.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const shopId = '0190a0a0-0000-7000-8000-000000000001';
const elsewhere = '0190a0a0-0000-7000-8000-000000000002';
const keyOf = (bytes: Uint8Array, width = 480, shop = shopId) =>
  imageKey(shop, createHash('sha256').update(bytes).digest('hex'), width);

type Opened = { store: ImageStore; close(): Promise<void> };

const kinds: [name: string, open: (test: Mocha.Context) => Promise<Opened>][] = [
  [
    'the file system',
    async () => {
      const folder = tempFolder();
      const store = openFilesystemStore(join(folder, 'images'));
      return { store, close: async () => removeFolder(folder) };
    },
  ],
  ...s3ServerNames.map((name): [string, (test: Mocha.Context) => Promise<Opened>] => [
    name,
    async (test) => {
      const server = await givenS3(test, name);
      const store = await openStore('minio', { home: '', s3: server.config });
      return {
        store,
        close: async () => {
          store.close();
          await server.close();
        },
      };
    },
  ]),
];

async function givenS3(test: Mocha.Context, name: S3ServerName): Promise<TestS3> {
  requireS3(test, name);
  const server = await startS3(name);
  const s3 = await openS3(server.config);
  await s3.ensureBucket();
  s3.close();
  return server;
}

for (const [name, open] of kinds) {
  describe(`a store of pictures in ${name}`, () => {
    let opened: Opened | undefined;
    let store: ImageStore;

    before(async function () {
      opened = await open(this);
      store = opened.store;
    });
    after(() => opened?.close());

    const read = async (key: string, range?: { start: number; end: number }) => {
      const file = await store.get(key, range);
      return file && { bytes: await buffer(file.body), sizeBytes: file.sizeBytes };
    };
    const keysIn = async (prefix?: string) => {
      const keys: string[] = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      return keys.sort();
    };

    it('has nothing at first, and says so without a fault', async () => {
      const key = keyOf(Buffer.from('nothing'));
      expect(await store.get(key)).to.equal(undefined);
      expect(await store.stat(key)).to.equal(undefined);
      expect(await keysIn()).to.deep.equal([]);
      await store.delete(key);
    });

    it('gives back what was put, whole and in parts', async () => {
      const bytes = randomBytes(300_000);
      const key = keyOf(bytes);
      await store.put(key, bytes);
      const whole = await read(key);
      expect(whole?.bytes.equals(bytes)).to.equal(true);
      expect(whole?.sizeBytes).to.equal(bytes.length);
      for (const [start, end] of [
        [0, 0],
        [0, 999],
        [1_000, 1_000],
        [299_990, 299_999],
        [0, 299_999],
      ] as const) {
        const part = await read(key, { start, end });
        expect(part?.bytes.equals(bytes.subarray(start, end + 1)), `${start}-${end}`).to.equal(true);
        expect(part?.sizeBytes, `${start}-${end}`).to.equal(bytes.length);
      }
      const found = await store.stat(key);
      expect(found?.sizeBytes).to.equal(bytes.length);
      expect(Math.abs(Date.now() - (found?.modifiedAt.getTime() ?? 0))).to.be.below(120_000);
    });

    it('reads a whole file into memory, and no larger one than was said', async () => {
      const bytes = randomBytes(200_000);
      const key = keyOf(bytes);
      expect(await store.read(key, 200_000)).to.equal(undefined);
      await store.put(key, bytes);
      expect((await store.read(key, 200_000))?.equals(bytes)).to.equal(true);
      expect(await store.read(key, 199_999)).to.equal(undefined);
    });

    it('takes the same again, also ten times at once', async () => {
      const bytes = randomBytes(50_000);
      const key = keyOf(bytes);
      await Promise.all(Array.from({ length: 10 }, () => store.put(key, bytes)));
      await store.put(key, bytes);
      expect((await read(key))?.bytes.equals(bytes)).to.equal(true);
      expect(await keysIn(key)).to.deep.equal([key]);
    });

    it('lists by prefix, takes away one, and leaves the others', async () => {
      const bytes = randomBytes(100);
      const own = [160, 480, 1200].map((width) => keyOf(bytes, width, elsewhere));
      for (const key of own) await store.put(key, bytes);
      expect(await keysIn(`${elsewhere}/`)).to.deep.equal([...own].sort());
      expect(await keysIn(randomUUID())).to.deep.equal([]);
      await store.delete(own[1] as string);
      await store.delete(own[1] as string);
      expect(await keysIn(elsewhere)).to.deep.equal([own[0], own[2]].sort());
      expect(await store.get(own[1] as string)).to.equal(undefined);
    });

    it('lets go of a file that nobody reads to its end', async () => {
      const bytes = randomBytes(2_000_000);
      const key = keyOf(bytes);
      await store.put(key, bytes);
      for (let n = 0; n < 20; n += 1) {
        const file = await store.get(key);
        if (n % 2 === 0) await once(file?.body as NodeJS.ReadableStream, 'readable');
        file?.body.destroy();
      }
      expect((await read(key))?.bytes.equals(bytes)).to.equal(true);
    });

    it('refuses what is no key, before anything is asked', async () => {
      const wrong = [
        '',
        'x',
        `../${keyOf(Buffer.from('x'))}`,
        `${shopId}/../../etc/passwd`,
        `${shopId}/..%2f..%2fetc`,
        `${keyOf(Buffer.from('x'))}/..`,
        `${keyOf(Buffer.from('x'))}\0.webp`,
        `${keyOf(Buffer.from('x'))}\r\nx: y`,
        `${keyOf(Buffer.from('x'))}\n`,
        keyOf(Buffer.from('x')).toUpperCase(),
        keyOf(Buffer.from('x')).replace('-480', '-481'),
        keyOf(Buffer.from('x')).replace('webp', 'svg'),
        `/${keyOf(Buffer.from('x'))}`,
      ];
      for (const key of wrong) {
        for (const work of [
          async () => store.put(key, Buffer.from('x')),
          async () => store.get(key),
          async () => store.stat(key),
          async () => store.delete(key),
        ]) {
          const error = await work().then(
            () => undefined,
            (thrown: Error) => thrown,
          );
          expect(error, JSON.stringify(key)).to.be.instanceOf(TypeError);
        }
      }
    });
  });
}

describe('a store of pictures in the file system', () => {
  let folder: string;
  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(() => removeFolder(folder));

  it('passes over what is none of its files, and takes away what was cut off', async () => {
    const store = openFilesystemStore(folder);
    const bytes = randomBytes(10);
    await store.put(keyOf(bytes), bytes);
    writeFileSync(join(folder, 'README'), 'mine');
    writeFileSync(join(folder, shopId, 'x.webp'), 'mine');
    mkdirSync(join(folder, 'lost+found'));
    for (const [name, at] of [
      ['old', new Date(2020, 0)],
      ['new', new Date()],
    ] as const) {
      writeFileSync(join(folder, '.drafts', name), 'half');
      utimesSync(join(folder, '.drafts', name), at, at);
    }
    const keys: string[] = [];
    for await (const { key } of store.list()) keys.push(key);
    expect(keys).to.deep.equal([keyOf(bytes)]);
    expect(await store.removeLeftovers(new Date(2021, 0))).to.equal(1);
    expect(readdirSync(join(folder, '.drafts'))).to.deep.equal(['new']);
  });

  it('of which one file can not be read says so, and that file alone counts as damaged', async () => {
    const store = openFilesystemStore(folder);
    const bytes = randomBytes(10);
    const file = {
      key: keyOf(bytes),
      sizeBytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    expect(await isSound(store, file)).to.equal(false);
    mkdirSync(join(folder, file.key), { recursive: true });
    const error = await store.read(file.key, 10).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).to.equal(
      'The folder "images" of the server, where the pictures are, fails (EISDIR).',
    );
    expect(await isSound(store, file)).to.equal(false);
    removeFolder(join(folder, file.key));
    await store.put(file.key, bytes);
    expect(await isSound(store, file)).to.equal(true);
  });

  it('says in a sentence what is wrong with its folder', async () => {
    writeFileSync(join(folder, 'images'), 'a file where the folder should be');
    const store = openFilesystemStore(join(folder, 'images'));
    const error = await store.put(keyOf(Buffer.from('x')), Buffer.from('x')).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error).to.be.instanceOf(StoreUnavailableError);
    expect(error?.message).to.match(/^The folder "images" of the server, where the pictures are, .*\.$/);
  });
});
