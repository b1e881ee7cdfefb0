import { z } from 'zod';
import { Json, Settings } from '../settings.ts';

/** A setting that a change replaced, by its dotted path; null for what was or is not there. */
const SettingChange = z.strictObject({ path: z.string(), before: Json, after: Json });

/** What the commands of settings print with `--json`. */
export const settingsAnswers = {
  /** All of them, or what stands at the path that was asked for. */
  'settings show': z.union([Settings, Json]),
  'settings set': z.strictObject({ changed: z.array(SettingChange), settings: Settings }),
} as const satisfies Record<string, z.ZodType>;
