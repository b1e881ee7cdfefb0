import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { routes, SocketHandshake } from '../../src/contract/index.ts';
import { openApiDocument } from '../../src/contract/openapi.ts';
import { refineInput } from '../../src/contract/openapi-schemas.ts';
import { parse } from '../../src/contract/parse.ts';
import { type JsonSchema, written } from '../../src/contract/written.ts';

type Published = { where: string; schema: z.ZodType; pattern: string; json: JsonSchema };

/** Schemas of fields and elements, of whatever they are made. */
function* leavesOf(schema: z.ZodType): Generator<z.ZodType> {
  const { def } = schema._zod as unknown as { def: Record<string, unknown> };
  if (written.has(schema)) return yield schema;
  const { shape, options, innerType, element, valueType } = def;
  const inner = [...Object.values(shape ?? {}), ...((options as []) ?? []), innerType, element, valueType];
  const schemas = inner.filter((one) => one !== undefined) as z.ZodType[];
  if (schemas.length === 0) yield schema;
  // `Json` holds itself, by a getter.
  else if (def.type !== 'lazy') for (const one of schemas) yield* leavesOf(one);
}

/** Every schema of what a caller writes, once, beside its pattern as the document has it. */
function publishedPatterns(): Published[] {
  const found = new Map<z.ZodType, Published>();
  const collect = (where: string, root: z.ZodType) => {
    for (const schema of leavesOf(root)) {
      const json = z.toJSONSchema(schema, {
        io: 'input',
        unrepresentable: 'any',
        override: ({ zodSchema, jsonSchema }) => refineInput({ zodSchema, jsonSchema }),
      });
      const { pattern } = json;
      if (pattern !== undefined && !found.has(schema)) found.set(schema, { where, schema, pattern, json });
    }
  };
  for (const { name, params, query, body } of routes) {
    for (const [part, schema] of Object.entries({ params, query, body })) {
      if (schema) collect(`${name} ${part}`, schema);
    }
  }
  collect('the handshake', SocketHandshake);
  return [...found.values()];
}

/** The server knows more than a pattern can say: which currencies and zones there are, which days a month has. */
const KNOWN_BY_NAME = /^\^(\\s\*\[A-Za-z\]\{3\}|\[A-Za-z\]\[A-Za-z0-9_\+\/-\]\*)/;

const probes = [
  ...['', ' ', 'x', 'X', '0', '-0', '-1', '1.5', '1.500', '00', 'true', '\n', 'é', '١', '１', 'ſ', 'K'],
  ...[
    '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55',
    '0190F5A2-8C3E-7D10-9B7E-2F4F6F0C1A55',
    'KULF',
    'inr',
    'Asia/Kolkata',
  ],
  ...[
    '0190f5a2-8c3e-7d10-9b7e-2f4f6f0c1a55:42',
    '0190F5A2-8C3E-7D10-9B7E-2F4F6F0C1A55:42',
    '2026-04-01',
    '0000-01-01',
  ],
  ...[
    '04:00',
    '04-01',
    'gst-5',
    'GST-5',
    '7K2M-9XQD',
    '7k2m9xqd',
    '4071',
    '99999999.99',
    '100000000',
    'a@b.example',
  ],
];

describe('a pattern that is published', () => {
  const all = publishedPatterns();
  const published = JSON.stringify(openApiDocument('1'));

  it('is in the document', () => {
    expect(all.length).to.be.greaterThan(50);
    for (const { pattern, where } of all.filter(({ where }) => where !== 'the handshake')) {
      expect(published, where).to.include(JSON.stringify(pattern).slice(1, -1));
    }
  });

  it('has no flags, which a document can not say', () => {
    const flags: string[] = [];
    const seen = new Set<unknown>();
    const walk = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || seen.has(value)) return;
      seen.add(value);
      if (value instanceof RegExp) {
        if (value.flags.replace('u', '') !== '') flags.push(String(value));
        return;
      }
      const isCollection = value instanceof Set || value instanceof Map;
      for (const inner of isCollection ? value.values() : Object.values(value)) walk(inner);
    };
    for (const { params, query, body } of [...routes, { params: null, query: null, body: SocketHandshake }]) {
      for (const schema of [params, query, body]) walk((schema as z.ZodType | null)?._zod.def);
    }
    expect(seen.size).to.be.greaterThan(500);
    expect(flags).to.deep.equal([]);
  });

  for (const { where, schema, pattern, json } of all) {
    it(`is what the server takes: ${where}, ${pattern.slice(0, 60)}`, () => {
      const regex = new RegExp(pattern, 'u');
      const { minLength = 0, maxLength = Infinity } = json as { minLength?: number; maxLength?: number };
      const fits = (text: string) =>
        regex.test(text) && [...text].length >= minLength && [...text].length <= maxLength;
      const isTaken = (text: string) => {
        try {
          parse(schema, text);
          return true;
        } catch {
          return false;
        }
      };
      const check = (text: string) => {
        if (isTaken(text)) expect(fits(text), `the server takes ${JSON.stringify(text)}`).to.equal(true);
        else if (!KNOWN_BY_NAME.test(pattern))
          expect(fits(text), `the server refuses ${JSON.stringify(text)} ${JSON.stringify(json)}`).to.equal(
            false,
          );
      };
      probes.forEach(check);
      fc.assert(
        fc.property(textsOf(pattern), (text) => {
          for (const one of [text, text.toUpperCase(), text.toLowerCase(), ` ${text}`, `${text}\n`])
            check(one);
        }),
        { numRuns: 50 },
      );
    });
  }
});

/** Texts that fit a pattern; any where fast-check can't read it. */
function textsOf(pattern: string): fc.Arbitrary<string> {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
  } catch {
    return fc.string({ unit: 'binary', maxLength: 12 });
  }
}
