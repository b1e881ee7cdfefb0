import { expect } from 'chai';
import { routes } from '../../src/contract/index.ts';
import { type Route, takesVersion } from '../../src/contract/route.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf, JSON_TYPE } from '../support/client.ts';
import { givenProduct, saleOf } from '../support/factories.ts';
import { buildersOf, contentOf, prepare, urlOf, type ValidRequest } from '../support/valid-requests.ts';
import { givenWorld, type World } from '../support/world.ts';

describe('If-Match', function () {
  this.timeout(120_000);
  let test: TestApp;
  let own: World;

  before(async () => {
    test = await startTestApp();
    own = await givenWorld(test, 'OWN');
  });
  after(() => test.close());

  const send = (route: Route, token: string | null, request: ValidRequest, tag: string) => {
    const { body, headers } = contentOf(request);
    return clientOf(test.url, token).send(
      route.method.toUpperCase(),
      urlOf(route, request.params, request.query),
      { body, headers: { ...headers, 'if-match': tag } },
    );
  };

  const changes = routes.filter(({ method, permission }) => method !== 'get' && permission !== 'nobody');

  for (const route of changes.filter(takesVersion)) {
    it(`is the version of ${route.name}`, async () => {
      for (const build of buildersOf(route)) {
        const { request, token } = await prepare(own, route, build);
        const { version, ...body } = request.body as { version?: number };
        if (version === undefined) continue;
        const byHeader = { ...request, body };
        const stale = await send(route, token, byHeader, `"${version + 1}"`);
        expect([stale.status, stale.body.type], stale.text).to.deep.equal([
          409,
          'urn:smoocho:problem:version_conflict',
        ]);
        expect(stale.body.current.version).to.equal(version);
        const other = await send(route, token, request, `"${version + 1}"`);
        expect([other.status, other.body.detail]).to.deep.equal([
          422,
          `If-Match is for version ${version + 1}, the body for version ${version}. Send one of them.`,
        ]);
        const good = await send(route, token, version % 2 ? request : byHeader, `"${version}"`);
        expect(Object.keys(route.responses), good.text).to.include(String(good.status));
        const tag = good.status === 204 ? null : `"${good.body.version}"`;
        expect(good.headers.get('etag')).to.equal(tag);
      }
    });
  }

  for (const route of changes.filter((each) => !takesVersion(each))) {
    it(`is refused by ${route.name}, which has no version`, async () => {
      const { request, token } = await prepare(own, route, buildersOf(route)[0] as never);
      const { status, body } = await send(route, token, request, '"1"');
      expect([status, body.detail]).to.deep.equal([
        422,
        'What this address changes has no version to match. Leave If-Match out.',
      ]);
    });
  }

  const tags: [what: string, tag: string, detail: string][] = [
    [
      'a weak one',
      'W/"1"',
      'If-Match takes no weak tag (RFC 9110 §13.1.1). Send the version alone, like "3".',
    ],
    ['a star', '*', 'If-Match: * names no version. Leave it out to change whatever is there.'],
    ['several', '"1", "2"', 'If-Match takes one version in quotes, as ETag says it, like "3".'],
    ['no quotes', '1', 'If-Match takes one version in quotes, as ETag says it, like "3".'],
    ['no number', '"x"', 'If-Match takes one version in quotes, as ETag says it, like "3".'],
    ['nothing', '', 'If-Match takes one version in quotes, as ETag says it, like "3".'],
    ['a zero before it', '"01"', 'If-Match takes one version in quotes, as ETag says it, like "3".'],
  ];
  for (const [what, tag, detail] of tags) {
    it(`says what it takes in place of ${what}`, async () => {
      const { status, body } = await own.shop.manager.send('PUT', own.shop.path, {
        body: '{"name":"x"}',
        headers: { ...JSON_TYPE, 'if-match': tag },
      });
      expect([status, body.detail, body.errors[0].pointer]).to.deep.equal([422, detail, '/header/If-Match']);
    });
  }

  it('is as large as a version can be', async () => {
    const { status, body } = await own.shop.manager.send('PUT', own.shop.path, {
      body: '{"name":"x"}',
      headers: { ...JSON_TYPE, 'if-match': '"9999999999"' },
    });
    expect([status, body.errors[0].pointer]).to.deep.equal([422, '/version']);
  });

  it('comes as ETag with whatever has a version, and with nothing else', async () => {
    const product = await givenProduct(own.shop);
    const { path, cashier, manager } = own.shop;
    const placed = await cashier.post(`${path}/orders`, saleOf(product));
    const tagged = [
      placed,
      await cashier.get(`${path}/orders/${placed.body.id}`),
      await cashier.get(`${path}/products/${product.id}`),
      await cashier.get(`${path}/settings`),
      await cashier.get(path),
      await manager.put(`${path}/products/${product.id}`, { name: 'Other' }),
    ];
    for (const { headers, body } of tagged) expect(headers.get('etag')).to.equal(`"${body.version}"`);
    for (const list of ['orders', 'products', 'shifts', 'events']) {
      expect((await cashier.get(`${path}/${list}`)).headers.get('etag'), list).to.equal(null);
    }
    // It says which version it is, and never that there is nothing to send.
    const again = await cashier.get(path, { 'if-none-match': `"${tagged[4]?.body.version}"` });
    expect(again.status).to.equal(200);
    const read = await cashier.get(path, { 'if-match': 'W/"0"' });
    expect(read.status).to.equal(200);
  });

  it('keeps no change that was made meanwhile from being seen', async () => {
    const product = await givenProduct(own.shop);
    const path = `${own.shop.path}/products/${product.id}`;
    const put = (name: string) =>
      own.shop.manager.send('PUT', path, {
        body: JSON.stringify({ name }),
        headers: { ...JSON_TYPE, 'if-match': '"1"' },
      });
    const answers = await Promise.all(['a', 'b', 'c'].map(put));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409]);
  });
});
