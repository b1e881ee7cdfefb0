import type { Config } from '../../config.ts';
import type { SetUpAnswers } from '../../contract/set-up.ts';
import type { SetUpState } from '../../core/shops/read-set-up-state.ts';

/** What was answered so far. */
export type Draft = SetUpAnswers & {
  /** Whether the recovery key is shown at the end; `given`: options name one. */
  key?: 'paper' | 'later' | 'given';
};

/** Where the questions are asked. */
export type SetUpContext = { config: Config; state: SetUpState };
