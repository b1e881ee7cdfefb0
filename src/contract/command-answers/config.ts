import { z } from 'zod';

const ShownSetting = z.strictObject({
  /** Its field of `config.json`, or its variable where it has none. */
  name: z.string(),
  variable: z.string().nullable(),
  /** `…` stands for a secret. Of a default, in words. */
  value: z.string(),
  source: z.enum(['default', 'config.json', 'environment', 'file', 'option']),
  from: z.string().nullable(),
});

const Connection = z.strictObject({
  id: z.enum(['database', 'replica', 'redis', 'image-store']),
  state: z.enum(['ok', 'problem', 'skipped']),
  detail: z.string(),
});

/** What `config …` prints with `--json`. */
export const configAnswers = {
  'config show': z.strictObject({
    home: z.string(),
    settings: z.array(ShownSetting),
    /** Names in `config.json` that are no setting; other commands refuse it. */
    unknown: z.array(z.string()),
  }),
  'config check': z.strictObject({
    home: z.string().nullable(),
    problems: z.array(z.string()),
    /** Null without `--connect`, or with settings that are wrong. */
    connections: z.array(Connection).nullable(),
  }),
} as const satisfies Record<string, z.ZodType>;
