import { randomBytes, randomUUID } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import type { S3Config } from '../../src/config.ts';
import { checkStore } from '../../src/storage/check-store.ts';
import { StoreUnavailableError } from '../../src/storage/errors.ts';
import { imageKey } from '../../src/storage/image-store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { openS3, openSigner, type S3 } from '../../src/storage/s3.ts';
import { freePort } from '../support/redis.ts';
import { requireS3, s3ServerNames, startS3, type TestS3 } from '../support/s3.ts';
import { startS3Proxy } from '../support/s3-proxy.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const IMPATIENT = { connectMs: 1_000, silenceMs: 1_500, bodySilenceMs: 1_500 };

const firstOf = async (s3: S3) => {
  for await (const { key } of s3.list()) return key;
  return undefined;
};

async function faultOf(work: Promise<unknown>): Promise<StoreUnavailableError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.be.instanceOf(StoreUnavailableError);
  const fault = error as StoreUnavailableError;
  expect(fault.message).to.match(/^The S3 server at http:\/\/127\.0\.0\.1:\d+ .*[.?]$/);
  return fault;
}

for (const name of s3ServerNames) {
  describe(`S3 by ${name}`, () => {
    let server: TestS3;
    let s3: S3;

    before(async function () {
      requireS3(this, name);
      server = await startS3(name);
      s3 = await openS3(server.config, IMPATIENT);
    });
    after(async () => {
      s3?.close();
      await server?.close();
    });

    it('makes the bucket once, and leaves it private', async () => {
      expect((await faultOf(s3.putBytes('x', Buffer.from('x')))).code).to.equal('NoSuchBucket');
      expect(await s3.ensureBucket()).to.equal('made');
      expect(await s3.ensureBucket()).to.equal('there');
      await s3.putBytes('secret', Buffer.from('x'));
      const { endpoint, bucket } = server.config;
      for (const path of ['', '/secret', '?list-type=2']) {
        expect((await fetch(`${endpoint}/${bucket}${path}`)).status, path).to.equal(403);
      }
      expect(Math.abs(s3.clockDifference() ?? 99)).to.be.at.most(5);
    });

    it('takes a file in parts, and gives it back, whole and by range', async () => {
      const folder = tempFolder();
      const path = join(folder, 'archive');
      const bytes = randomBytes(20 * 1024 * 1024 + 7);
      writeFileSync(path, bytes);
      await s3.putFile('backups/a b+c.smoocho', path);
      // Again, over what is there.
      await s3.putFile('backups/a b+c.smoocho', path);
      expect((await s3.stat('backups/a b+c.smoocho'))?.sizeBytes).to.equal(bytes.length);
      const whole = await s3.getStream('backups/a b+c.smoocho');
      expect(whole?.sizeBytes).to.equal(bytes.length);
      expect((await buffer(whole?.body ?? createReadStream(path))).equals(bytes)).to.equal(true);
      const part = await s3.getStream('backups/a b+c.smoocho', {
        start: bytes.length - 5,
        end: bytes.length - 1,
      });
      expect((await buffer(part?.body ?? createReadStream(path))).equals(bytes.subarray(-5))).to.equal(true);
      writeFileSync(path, '');
      await s3.putFile('backups/empty', path);
      expect((await s3.stat('backups/empty'))?.sizeBytes).to.equal(0);
      removeFolder(folder);
    });

    it('takes away the parts of uploads that were cut off, and of no others', async () => {
      const { Client } = await import('minio');
      const { endpoint, bucket, accessKey, secretKey, region } = server.config;
      const port = Number(new URL(endpoint).port);
      const client = new Client({ endPoint: '127.0.0.1', port, useSSL: false, accessKey, secretKey, region });
      await client.initiateNewMultipartUpload(bucket, 'cut/ours', {});
      await client.initiateNewMultipartUpload(bucket, 'cut/other', {});
      const [past, future] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 3_600_000)];
      const isOurs = (key: string) => key === 'cut/ours';
      // MinIO tells of an upload only who knows its whole key, and takes those of a day away by itself.
      const prefix = name === 'minio' ? 'cut/ours' : 'cut/';
      expect(await s3.dropParts(prefix, past, isOurs)).to.equal(0);
      expect(await s3.dropParts(prefix, future, isOurs)).to.equal(1);
      expect(await s3.dropParts(prefix, future, isOurs)).to.equal(0);
      expect(await client.findUploadId(bucket, 'cut/other')).to.be.a('string');
      await s3.dropParts('cut/other', future, () => true);
    });

    it('lists more than a page of objects, each once', async () => {
      const names = Array.from({ length: 1_050 }, (_, n) => `many/${String(n).padStart(4, '0')}`);
      for (let n = 0; n < names.length; n += 50) {
        await Promise.all(names.slice(n, n + 50).map((key) => s3.putBytes(key, Buffer.from('x'))));
      }
      const keys: string[] = [];
      for await (const { key } of s3.list('many/')) keys.push(key);
      expect(keys.sort()).to.deep.equal(names);
      for await (const { key } of s3.list('many/')) {
        expect(key).to.equal('many/0000');
        break;
      }
    });

    it('says what is wrong with the keys, without them', async () => {
      const { config } = server;
      const wrong: [change: Partial<S3Config>, said: string][] = [
        [{ secretKey: 'not the secret' }, 'does not accept the secret key'],
        [{ accessKey: 'nobody' }, 'does not know this access key'],
      ];
      for (const [change, said] of wrong) {
        const other = await openS3({ ...config, ...change }, IMPATIENT);
        const faults = [
          await faultOf(other.putBytes('x', Buffer.from('x'))),
          await faultOf(other.getStream('secret')),
          await faultOf(firstOf(other)),
        ];
        for (const fault of faults) expect(fault.message).to.include(said);
        for (const fault of faults) {
          const text = JSON.stringify(fault) + String(fault.stack) + JSON.stringify(fault.cause ?? null);
          for (const secret of [config.secretKey, config.accessKey, 'not the secret']) {
            expect(text).to.not.include(secret);
          }
        }
        other.close();
      }
    });

    it('signs addresses that are the same all day, and open one object for a week', async () => {
      const sign = await openSigner({ ...server.config });
      const now = new Date();
      const midnight = new Date(now);
      midnight.setUTCHours(0, 0, 0, 0);
      const address = await sign('GET', 'secret', now);
      expect(await sign('GET', 'secret', midnight)).to.equal(address);
      expect(await sign('GET', 'secret', new Date(midnight.getTime() + 86_400_000))).to.not.equal(address);
      const { pathname, searchParams } = new URL(address);
      expect([pathname, searchParams.get('X-Amz-Expires')]).to.deep.equal([
        '/kulfi-pictures/secret',
        '604800',
      ]);
      expect(await (await fetch(address)).text()).to.equal('x');
      expect((await fetch(address.replace('/secret', '/backups/empty'))).status).to.equal(403);
      expect((await fetch(await sign('HEAD', 'secret', now), { method: 'HEAD' })).status).to.equal(200);
    });

    it('is sound from end to end, by its check', async () => {
      const s3Config = { ...server.config, bucket: 'made-by-the-check' };
      expect(await checkStore('minio', { home: '', s3: s3Config })).to.deep.equal([]);
      expect(await checkStore('minio', { home: '', s3: s3Config })).to.deep.equal([]);
      const wrong = await checkStore('minio', { home: '', s3: { ...s3Config, secretKey: 'wrong' } });
      expect(wrong.length).to.be.at.least(1);
      for (const { detail } of wrong) expect(detail).to.match(/^The S3 server .*\.$/);
      const away = await checkStore('minio', {
        home: '',
        s3: { ...s3Config, endpoint: `http://127.0.0.1:${await freePort()}` },
      });
      expect(away.map(({ code }) => code)).to.deep.equal(['ECONNREFUSED']);
      expect(await checkStore('minio', { home: '', s3: undefined })).to.have.length(1);
    });

    it('says in a sentence that it broke off in the middle of a picture, and so does the check', async () => {
      const proxy = await startS3Proxy(server.config.endpoint);
      const config = { home: '', s3: { ...server.config, endpoint: proxy.url } };
      proxy.decide((method, path) =>
        method === 'GET' && path.includes('.webp') ? { cutAfterBytes: 100 } : 'through',
      );
      const store = await openStore('minio', config);
      const key = imageKey(randomUUID(), 'a'.repeat(64), 480);
      await store.put(key, randomBytes(1_000));
      const { code, message } = await faultOf(store.read(key, 1_000));
      expect(message).to.match(/ hung up\.$/);
      expect(await checkStore('minio', config)).to.deep.equal([{ code, detail: message }]);
      store.close();
      await proxy.close();
    });

    it('gives up on one that holds its answer, and goes on with it afterwards', async () => {
      server.pause();
      expect((await faultOf(s3.stat('secret'))).code).to.equal('ETIMEDOUT');
      expect((await faultOf(s3.putBytes('y', randomBytes(100_000)))).code).to.equal('ETIMEDOUT');
      server.resume();
      expect((await s3.stat('secret'))?.sizeBytes).to.equal(1);
    });

    it('ends a body that stops in the middle with a fault', async () => {
      await s3.putBytes('large', randomBytes(8_000_000));
      const file = await s3.getStream('large');
      const reading = buffer(file?.body ?? createReadStream('/dev/null')).then(
        () => 'read',
        () => 'broken',
      );
      await server.kill();
      // What was under way when it ended may have come whole.
      expect(await reading).to.be.oneOf(['broken', 'read']);
      const folder = tempFolder();
      writeFileSync(join(folder, 'x'), randomBytes(9_000_000));
      const fault = await faultOf(s3.putFile('z', join(folder, 'x')));
      expect(fault.code).to.equal('ECONNREFUSED');
      removeFolder(folder);
      await server.start();
      expect((await s3.stat('secret'))?.sizeBytes, 'it kept what it had').to.equal(1);
      expect(await s3.stat('z')).to.equal(undefined);
    });
  });
}

describe('S3 by what is no S3 server', () => {
  let http: Server;
  let answers: { status: number; type: string; body: string; date?: string };
  let asked = 0;
  let config: S3Config;

  before(async () => {
    http = createServer((request, response) => {
      asked += 1;
      request.resume();
      response.writeHead(answers.status, {
        'content-type': answers.type,
        ...(answers.date && { date: answers.date }),
      });
      response.end(answers.body);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
    config = {
      endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
      ...{ bucket: 'pictures', accessKey: 'access', secretKey: 'secret-key', region: 'us-east-1' },
      publicEndpoint: undefined,
    };
  });
  after(() => {
    http.closeAllConnections();
    http.close();
  });

  it('is a fault in words, whatever it answers', async () => {
    const s3 = await openS3(config, IMPATIENT);
    for (const [status, type, body] of [
      [403, 'text/html', '<html><body>Forbidden</body></html>'],
      [500, 'text/plain', 'oops'],
      [503, 'application/xml', '<Error><Code>SlowDown</Code></Error>'],
      [400, 'application/xml', '<Error><Code>Strange</Code><Message>secret-key</Message></Error>'],
      [400, 'application/xml', '<!DOCTYPE x [<!ENTITY a "b">]><Error>&a;'],
      [302, 'text/html', 'elsewhere'],
    ] as const) {
      answers = { status, type, body };
      for (const work of [
        () => s3.putBytes('x', Buffer.from('x')),
        () => s3.getStream('x'),
        () => s3.ensureBucket(),
      ]) {
        const fault = await faultOf(work());
        expect(fault.message, `${status}`).to.not.include('secret-key');
      }
    }
    s3.close();
  });

  it('is asked once more where that may help, and no oftener', async () => {
    const s3 = await openS3(config, IMPATIENT);
    answers = { status: 503, type: 'text/plain', body: 'busy' };
    asked = 0;
    await faultOf(s3.stat('x'));
    expect(asked).to.equal(2);
    answers = { status: 403, type: 'application/xml', body: '<Error><Code>AccessDenied</Code></Error>' };
    asked = 0;
    await faultOf(s3.getStream('x'));
    expect(asked).to.equal(1);
    s3.close();
  });

  it('is told when it has another time', async () => {
    const date = new Date(Date.now() - 600_000).toUTCString();
    answers = { status: 200, type: 'text/plain', body: '', date };
    const findings = await checkStore('minio', { home: '', s3: config });
    expect(findings.map(({ code }) => code)).to.include('Clock');
    expect(findings.find(({ code }) => code === 'Clock')?.detail).to.match(
      /is (599|60\d) seconds behind this machine's/,
    );
  });
});
