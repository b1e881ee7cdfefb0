import { z } from 'zod';
import { Shift, ShiftReport } from '../shifts.ts';

export const shiftAnswers = {
  'shift list': z.array(Shift),
  'shift report': ShiftReport,
} as const satisfies Record<string, z.ZodType>;
