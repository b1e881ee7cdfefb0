import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { expect } from 'chai';
import type { z } from 'zod';
import { openApiDocument, problemsOf } from '../../src/contract/openapi.ts';
import { problems } from '../../src/contract/problem.ts';
import type { Route } from '../../src/contract/route.ts';
import { routes } from '../../src/contract/routes.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { clientOf } from '../support/client.ts';
import { bodyWith, changesOf } from '../support/hostile.ts';
import { buildersOf, prepare, sendTo, type ValidRequest } from '../support/valid-requests.ts';
import { givenWorld, type World } from '../support/world.ts';

type Content = Record<string, { schema: object }>;
type Operation = {
  operationId: string;
  security: object[];
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  requestBody?: { content: Content };
  responses: Record<string, { content?: Content }>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
};

const document = openApiDocument('1.2.3') as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
);
const operationOf = ({ name }: Route) =>
  operations.find(({ operation }) => operation.operationId === name)?.operation as Operation;

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv, ['date', 'date-time', 'uuid']);
const DEFINITIONS = 'urn:smoocho:components';
ajv.addSchema({ $id: DEFINITIONS, components: document.components });
const compiled = new Map<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  const text = JSON.stringify(schema).replaceAll('"#/components/', `"${DEFINITIONS}#/components/`);
  const validator = compiled.get(schema) ?? ajv.compile(JSON.parse(text));
  compiled.set(schema, validator);
  return validator;
}

/** What is wrong with a value by a schema of the document, or undefined. */
function faultOf(schema: object, value: unknown): string | undefined {
  const validator = validatorOf(schema);
  return validator(value) ? undefined : ajv.errorsText(validator.errors);
}

const schemaOf = (content: Content): object => content['application/json']?.schema ?? {};

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 by its own schema, and every reference leads somewhere', async () => {
    const result = await new Validator().validate(structuredClone(document) as Record<string, unknown>);
    expect(result.errors).to.equal(undefined);
    expect(result.valid).to.equal(true);
  });

  it('has every line of the route table, and no other', () => {
    const said = operations.map(
      ({ method, path, operation }) =>
        `${operation.operationId} ${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    const there = routes.map(({ name, method, path }) => `${name} ${method} ${path}`);
    expect(said.sort()).to.deep.equal(there.sort());
  });

  it('says of each route its ids, whether it needs a token, and every status', () => {
    for (const route of routes) {
      const { parameters = [], security, responses } = operationOf(route);
      const ids = parameters.filter(({ required, in: where }) => where === 'path' && required);
      expect(ids.map(({ name }) => `:${name}`)).to.deep.equal(route.path.match(/:\w+/g) ?? []);
      const tokens = route.tokenUnless ? 2 : route.permission === 'nobody' ? 0 : 1;
      expect(security.length, route.name).to.equal(tokens);
      const statuses = [
        ...Object.keys(route.responses),
        ...problemsOf(route).map((code) => String(problems[code].status)),
      ];
      expect(Object.keys(responses).sort(), route.name).to.deep.equal([...new Set(statuses)].sort());
    }
  });

  describe('of a running server', function () {
    this.timeout(120_000);
    let test: TestApp;
    let world: World;

    before(async () => {
      test = await startTestApp();
      world = await givenWorld(test, 'OWN');
    });
    after(() => test.close());

    it('is given to whoever asks', async () => {
      const { status, body, headers } = await clientOf(test.url).get('/api/openapi.json');
      expect(status).to.equal(200);
      expect(headers.get('content-type')).to.equal('application/json; charset=utf-8');
      expect(Object.keys(body.paths)).to.deep.equal(Object.keys(document.paths));
      expect(body.info.version).to.match(/^\d+\.\d+\.\d+/);
    });

    for (const route of routes) {
      it(`describes what ${route.name} takes and what it answers`, async () => {
        for (const build of buildersOf(route)) {
          const { request, token } = await prepare(world, route, build);
          checkRequest(route, request);
          const answer = await sendTo(clientOf(test.url, token), route, request);
          const content = operationOf(route).responses[answer.status]?.content;
          expect(Object.keys(route.responses), answer.text).to.include(String(answer.status));
          if (content) expect(faultOf(schemaOf(content), answer.body)).to.equal(undefined);
        }
      });
    }
  });
});

function checkRequest(route: Route, { params = {}, query = {}, body }: ValidRequest): void {
  const { parameters = [], requestBody } = operationOf(route);
  for (const [name, value] of [...Object.entries(params), ...Object.entries(query)]) {
    const parameter = parameters.find((each) => each.name === name);
    expect(parameter, `${route.name} ${name}`).to.not.equal(undefined);
    const schema = parameter?.schema ?? {};
    const { type } = schema as { type?: string };
    const meant = type === 'integer' || type === 'boolean' ? JSON.parse(value) : value;
    expect(faultOf(schema, meant), `${route.name} ${name}`).to.equal(undefined);
  }
  if (!requestBody || body === undefined) return;
  const schema = schemaOf(requestBody.content);
  expect(faultOf(schema, body), route.name).to.equal(undefined);
  if (route.body) expect(differences(route.body, schema, body), route.name).to.deep.equal([]);
}

/**
 * Bodies that the contract and the document judge differently. The document can't know rules that are a function: about
 * several fields, or about what this machine knows.
 */
function differences(contract: z.ZodType, schema: object, body: unknown): string[] {
  return changesOf(contract, body).flatMap((change) => {
    const value = JSON.parse(bodyWith(body, change));
    if (change.isNeverRight || hasInfinity(change.value)) return [];
    const { success, error } = contract.safeParse(value);
    if (error?.issues.every(({ code }) => code === 'custom')) return [];
    return success === (faultOf(schema, value) === undefined)
      ? []
      : [`${change.what} at /${change.at.join('/')}`];
  });
}

/** More than a number can hold; no JSON that a program writes has it. */
const hasInfinity = (value: unknown) => /1e999$/.test(String(value));
