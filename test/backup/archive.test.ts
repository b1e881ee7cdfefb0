import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { newKeyPair } from '../../src/backup/archive/encryption.ts';
import { members, tableMember } from '../../src/backup/archive/format.ts';
import { ArchiveError } from '../../src/backup/errors.ts';
import { smallArchive, testKey, walkBytes, writeArchive } from '../support/archives.ts';

/** Rows that don't get small: so that cuts and flips fall on every part of a file of some hundred KiB. */
const rows = (count: number) =>
  Array.from({ length: count }, () => `${randomBytes(48).toString('base64')}\n`).join('');

async function faultOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) return 'none';
  expect(error, String(error)).to.be.instanceOf(ArchiveError);
  return (error as ArchiveError).fault;
}

describe('an archive', () => {
  const parts = [rows(2_000), rows(1_000), rows(3)];
  const small = smallArchive(parts);
  let plain: Buffer;
  let encrypted: Buffer;
  let identity: string;

  before(async () => {
    const key = await testKey();
    identity = key.identity;
    plain = await writeArchive(small.content);
    encrypted = await writeArchive(small.content, [key.recipient]);
  });

  it('reads back as it was written, in pieces of any size', async () => {
    for (const [bytes, identities] of [
      [plain, []],
      [encrypted, [identity]],
    ] as [Buffer, string[]][]) {
      for (const size of [1_000, 64 * 1024, 1 << 30]) {
        const { manifest, findings } = await walkBytes(bytes, identities, size);
        expect([manifest, findings]).to.deep.equal([small.manifest, []]);
      }
    }
  });

  it('opens for each of its recipients, and for nobody else', async () => {
    const [owner, box, stranger] = [await newKeyPair(), await newKeyPair(), await newKeyPair()];
    const bytes = await writeArchive(small.content, [owner.recipient, box.recipient]);
    for (const { identity: key } of [owner, box])
      expect((await walkBytes(bytes, [stranger.identity, key])).findings).to.deep.equal([]);
    expect(await faultOf(walkBytes(bytes, [stranger.identity]))).to.equal('locked');
    expect(await faultOf(walkBytes(bytes, []))).to.equal('locked');
  });

  it('is one zstd frame, for readers that see no second one', () => {
    const magic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
    // What is written in one piece ends the frame in the right way whatever the reader.
    expect(plain.indexOf(magic)).to.equal(0);
    expect(plain.indexOf(magic, 4)).to.equal(-1);
  });

  it('is not sound when a byte of it is another one, wherever', async () => {
    for (const [bytes, identities] of [
      [plain, []],
      [encrypted, [identity]],
    ] as [Buffer, string[]][]) {
      const places = [...Array(64).keys()].map((i) => Math.floor((i * (bytes.length - 1)) / 63));
      for (const place of new Set([0, 1, 21, 60, ...places])) {
        const flipped = Buffer.from(bytes);
        flipped[place] = (flipped[place] as number) ^ 0x10;
        const result = await walkBytes(flipped, identities).then(
          ({ findings }) => (findings.length > 0 ? 'finding' : 'sound'),
          (error: unknown) => (error instanceof ArchiveError ? error.fault : `not told: ${error}`),
        );
        expect(result, `byte ${place} of ${bytes.length}`).to.match(
          /^(finding|damaged|foreign|locked|newer)$/,
        );
      }
    }
  });

  it('is not sound when it was cut, at any 64 KiB and a byte before its end', async () => {
    for (const [bytes, identities] of [
      [plain, []],
      [encrypted, [identity]],
    ] as [Buffer, string[]][]) {
      for (let length = 0; length < bytes.length; length += 64 * 1024)
        expect(await faultOf(walkBytes(bytes.subarray(0, length), identities)), `${length}`).to.match(
          /damaged|foreign/,
        );
      for (const missing of [1, 4, 5, 13, 100])
        expect(await faultOf(walkBytes(bytes.subarray(0, bytes.length - missing), identities))).to.equal(
          'damaged',
        );
    }
  });

  it('is not sound with another one, or anything, behind it', async () => {
    const other = await writeArchive(smallArchive([rows(100)]).content);
    for (const tail of [plain, other, Buffer.from('x'), Buffer.alloc(1024), encrypted]) {
      for (const size of [plain.length, 4_096]) {
        expect(await faultOf(walkBytes(Buffer.concat([plain, tail]), [identity], size))).to.match(
          /damaged|foreign/,
        );
        expect(await faultOf(walkBytes(Buffer.concat([encrypted, tail]), [identity], size))).to.equal(
          'damaged',
        );
      }
    }
  });

  it('names what is missing, too much or changed in it', async () => {
    const findingsOf = async (content: [string, Uint8Array | string][]) =>
      (await walkBytes(await writeArchive(content))).findings.map(
        ({ subject, detail }) => `${subject}: ${detail}`,
      );
    const { content } = small;
    const at = (name: string) => content.findIndex(([found]) => found === name);
    const last = at(tableMember('orders', 3));
    expect(await findingsOf(content.toSpliced(last, 1))).to.deep.equal([
      'Table orders: It has 3000 rows; 3003 were written.',
    ]);
    expect(await findingsOf(content.with(last, [tableMember('orders', 3), rows(3)]))).to.deep.equal([
      'Table orders: Its rows are not those that were written.',
    ]);
    const image = 'images/x/y.webp';
    expect(
      await findingsOf(content.toSpliced(last, 0, [image, 'picture'], ['notes.txt', 'x'])),
    ).to.have.length(2);
    const wanted = smallArchive(parts, {
      images: [{ key: 'x/y.webp', sizeBytes: 7, sha256: '0'.repeat(64) }],
    });
    expect(await findingsOf(wanted.content)).to.deep.equal(['Picture x/y.webp: It is missing.']);
  });

  it('is refused when its parts are out of order, put together of two, or without an end', async () => {
    const { content } = small;
    const swapped = [...content];
    [swapped[2], swapped[3]] = [content[3] as [string, string], content[2] as [string, string]];
    expect(await faultOf(walkBytes(await writeArchive(swapped)))).to.equal('damaged');
    expect(await faultOf(walkBytes(await writeArchive(content.slice(0, -1))))).to.equal('damaged');
    const manifest: [string, string] = [members.manifest, JSON.stringify(smallArchive(parts).manifest)];
    expect(await faultOf(walkBytes(await writeArchive([...content.slice(0, -1), manifest])))).to.equal(
      'damaged',
    );
    expect(
      await faultOf(walkBytes(await writeArchive([...content, content.at(-1) as [string, string]]))),
    ).to.equal('damaged');
  });

  it('of a newer form is refused with what to do', async () => {
    const { content } = small;
    const header = JSON.stringify({
      format: 2,
      id: small.id,
      createdAt: '2030-01-01T00:00:00Z',
      version: '9.1.0',
    });
    const newer = await writeArchive(content.with(1, [members.header, header]));
    const error = await walkBytes(newer).catch((thrown: ArchiveError) => thrown);
    expect(error).to.include({ fault: 'newer' });
    expect((error as Error).message).to.include('Install Smoocho 9.1.0 or newer');
  });

  it('is told from files that are none', async () => {
    const tarOfAnother = await writeArchive([['hello.txt', 'hello']]);
    for (const bytes of [Buffer.alloc(0), Buffer.from('PGDMP…'), randomBytes(100_000), tarOfAnother])
      expect(await faultOf(walkBytes(bytes, [identity]))).to.match(/foreign|damaged/);
    // A line of a header that doesn't end.
    const endless = Buffer.concat([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(1_000_000, 'x')]);
    expect(await faultOf(walkBytes(endless, [identity]))).to.equal('foreign');
  });

  it('gives up writing when there is no room, with the error of the disk', async () => {
    let written = 0;
    const sink = {
      async write(bytes: Uint8Array) {
        written += bytes.length;
        if (written > 100_000) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
      datasync: async () => {},
    };
    const { openWriter } = await import('../../src/backup/archive/archive-writer.ts');
    const writer = openWriter(sink, [], new Date());
    const work = (async () => {
      for (let i = 0; i < 1_000; i += 1) await writer.add(`${i}`, randomBytes(50_000));
      await writer.finish();
    })();
    const error = await work.catch((thrown: NodeJS.ErrnoException) => thrown);
    expect((error as NodeJS.ErrnoException).code).to.equal('ENOSPC');
    await writer.abandon(error as Error);
  });
});
