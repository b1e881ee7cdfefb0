import type { Config } from '../../config.ts';
import { startProgress } from '../output/progress.ts';
import { type Plan, workOf } from './plan.ts';
import { type SetUpResult, type SetUpStep, setUp } from './set-up.ts';

const notes: Record<SetUpStep, string> = {
  database: 'making the database; a slow card takes a minute',
  tables: 'making its tables',
  shop: 'opening the shop',
};
const steps = Object.keys(notes) as SetUpStep[];

/** Makes what was planned, and shows how far it is. Throws what `workOf` and `setUp` throw. */
export async function makePlan(config: Config, plan: Plan): Promise<SetUpResult> {
  const work = await workOf(plan, config);
  const progress = startProgress('Setting up', steps.length);
  try {
    return await setUp(config, work, (step) => progress.update(steps.indexOf(step), notes[step]));
  } finally {
    progress.stop();
  }
}
