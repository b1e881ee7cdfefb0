import { z } from 'zod';

/** What the commands of the service print with `--json`. */
export const serviceAnswers = {
  'service install': z.strictObject({
    unitFile: z.string(),
    /** Content of the systemd unit. */
    unit: z.string(),
    isChanged: z.boolean(),
    isRunning: z.boolean(),
  }),
  'service uninstall': z.strictObject({ wasInstalled: z.boolean(), home: z.string() }),
  'service status': z.strictObject({
    unitFile: z.string(),
    isRunning: z.boolean(),
    startsWithMachine: z.boolean(),
    since: z.iso.datetime().nullable(),
    restarts: z.int().min(0),
    pid: z.int().positive().nullable(),
    status: z.string().nullable(),
    /** systemd's active state and sub-state, such as `active (running)`. */
    state: z.string(),
    lastExitCode: z.int().nullable(),
  }),
  'service logs': z.strictObject({ lines: z.array(z.string()) }),
} as const satisfies Record<string, z.ZodType>;
