import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../support/feed-ear.ts';
import { requirePrograms } from '../support/programs.ts';
import { freePort } from '../support/redis.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const path = fileURLToPath(new URL('../../deploy/tofu/shared/files/Caddyfile.cloudfront', import.meta.url));

describe('deploy/tofu/shared/files/Caddyfile.cloudfront', function () {
  this.timeout(120_000);
  let folder: string;
  let upstream: Server;
  let caddy: ChildProcess | undefined;
  let port: number;
  let seen: Record<string, unknown>[] = [];

  before(async function () {
    requirePrograms(this, 'caddy');
    folder = tempFolder();
    upstream = createServer(({ headers }, response) => {
      seen.push(headers);
      response.end();
    }).listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    port = await freePort();
    const { port: upstreamPort } = upstream.address() as AddressInfo;
    const file = readFileSync(path, 'utf8').replace('smoocho:8080', `127.0.0.1:${upstreamPort}`);
    const config = join(folder, 'Caddyfile');
    writeFileSync(config, `{\n\tadmin off\n\tauto_https off\n}\n${file}`);
    caddy = spawn('caddy', ['run', '--config', config, '--adapter', 'caddyfile'], {
      env: {
        ...process.env,
        ...{ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
        CADDY_SITE: `http://127.0.0.1:${port}`,
        SMOOCHO_SITE: 'pos.kulfi.example',
      },
      stdio: 'ignore',
    });
    await until(async () => (await ask().catch(() => 0)) !== 0);
  });
  beforeEach(() => {
    seen = [];
  });
  after(async () => {
    if (caddy?.kill()) await once(caddy, 'exit');
    upstream?.close();
    if (folder) removeFolder(folder);
  });

  async function ask(...forwarded: string[]): Promise<number | undefined> {
    const sent = request({ port, host: '127.0.0.1', headers: { 'X-Forwarded-For': forwarded } });
    sent.end();
    const [answer] = await once(sent, 'response');
    answer.resume();
    return answer.statusCode;
  }

  it('believes the address that CloudFront adds, and none that the client says', async () => {
    const lists = [
      ['203.0.113.9'],
      ['6.6.6.6, 203.0.113.9'],
      ['6.6.6.6', '203.0.113.9'],
      ['6.6.6.6', '7.7.7.7,203.0.113.9'],
    ];
    for (const list of lists) expect(await ask(...list), list.join()).to.equal(200);
    expect(seen.map((headers) => headers['x-forwarded-for'])).to.deep.equal(lists.map(() => '203.0.113.9'));
    for (const name of ['host', 'x-forwarded-host']) expect(seen[0]?.[name]).to.equal('pos.kulfi.example');
    await ask('6.6.6.6', '2001:db8::1');
    expect(seen.at(-1)?.['x-forwarded-for']).to.equal('2001:db8::1');
  });

  it('answers nobody who did not come by CloudFront', async () => {
    expect([await ask(), await ask('6.6.6.6,'), seen]).to.deep.equal([404, 404, []]);
  });
});
