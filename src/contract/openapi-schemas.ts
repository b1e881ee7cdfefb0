import { z } from 'zod';
import { Activity } from './activity.ts';
import { AuditRecord } from './audit.ts';
import { Customer } from './customers.ts';
import { Device, NumberLease } from './devices.ts';
import { AuditActor, EventActor, EventEnvelope } from './events.ts';
import { InventoryItem, StockMovement } from './inventory.ts';
import { Order, OrderItem, Payment } from './order-view.ts';
import { Amount, Day, Id, Level, Money, Percentage, Quantity, Timestamp, Version } from './primitives.ts';
import { Product } from './products.ts';
import { Refund } from './refunds.ts';
import { Json, Settings } from './settings.ts';
import { Shift } from './shifts.ts';
import { NewShop, Shop } from './shops.ts';
import { User } from './users.ts';
import { type JsonSchema, written } from './written.ts';

/** What the document refers to by name; all else stands where it is used. The first row goes both ways. */
const shared = { Id, Day, Timestamp, Version, Json };
const named = {
  input: { ...shared, Amount, Quantity, Level, Percentage, NewShop },
  output: {
    ...{ ...shared, Money, Shop, Settings, User, Product, InventoryItem, StockMovement, Customer, Device },
    ...{ NumberLease, Order, OrderItem, Payment, Refund, Shift, Activity, AuditRecord },
    ...{ AuditActor, EventActor, EventEnvelope },
  },
};

const COMPONENTS = '#/components/schemas/';

/** Schemas of one direction: `input`, what a caller may write, or `output`, what the server answers. */
export type Collector = {
  add(schema: z.ZodType): void;
  /** Each schema that was added, as JSON Schema, and those that it refers to by name. */
  write(): { of(schema: z.ZodType): JsonSchema; components: Record<string, JsonSchema> };
};

export function collectSchemas(io: 'input' | 'output'): Collector {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries<z.ZodType>(named[io])) registry.add(schema, { id });
  let count = 0;
  return {
    add(schema) {
      // With a dot, which no name has: it is written where it is used.
      count += 1;
      if (!registry.has(schema)) registry.add(schema, { id: `${io}.${count}` });
    },
    write() {
      const { schemas } = z.toJSONSchema(registry, {
        io,
        uri: (id) => `${COMPONENTS}${id}`,
        override: io === 'input' ? refineInput : useWritten,
      });
      const written = Object.entries(schemas).map(
        ([id, { $schema, $id, ...schema }]) => [id, schema] as const,
      );
      const byId = new Map<string, JsonSchema>(written);
      return {
        of(schema) {
          const id = registry.get(schema)?.id as string;
          return id.includes('.') ? (byId.get(id) as JsonSchema) : { $ref: `${COMPONENTS}${id}` };
        },
        components: Object.fromEntries(written.filter(([id]) => !id.includes('.'))),
      };
    },
  };
}

type Override = { zodSchema: unknown; jsonSchema: JsonSchema };
type Check = { _zod: { def: { check: string } } };

/** What the contract itself says of a schema stands instead of zod's translation. */
function useWritten({ zodSchema, jsonSchema }: Override): boolean {
  const own = written.get(zodSchema as z.ZodType);
  if (!own) return false;
  for (const keyword of Object.keys(jsonSchema)) delete jsonSchema[keyword];
  Object.assign(jsonSchema, own);
  return true;
}

/** What zod's translation leaves out: text has no NUL, and text that is trimmed has more than blanks. */
export function refineInput(override: Override): void {
  if (useWritten(override)) return;
  const { zodSchema, jsonSchema } = override;
  if (jsonSchema.type !== 'string' || jsonSchema.enum || 'const' in jsonSchema) return;
  // Of a date the pattern says no more than the format; of all else the pattern says it better, and who makes up
  // requests by the document can't follow both.
  if (jsonSchema.format === 'date') delete jsonSchema.pattern;
  else if (jsonSchema.pattern !== undefined) delete jsonSchema.format;
  else {
    const { checks = [] } = (zodSchema as { _zod: { def: { checks?: Check[] } } })._zod.def;
    const isTrimmed = checks.some((check) => check._zod.def.check === 'overwrite');
    const hasMore = isTrimmed && jsonSchema.minLength === 1;
    jsonSchema.pattern = hasMore ? '^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$' : '^[^\\u0000]*$';
  }
}
