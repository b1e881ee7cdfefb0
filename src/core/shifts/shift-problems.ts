import { fieldProblem, ProblemError } from '../../contract/problem.ts';
import type { Shift } from './shift.entity.ts';

export const closedProblem = ({ zNumber }: Shift) =>
  new ProblemError('shift_closed', {
    detail: `This drawer was counted and closed already, in Z report ${zNumber}.`,
  });

/** An id of another shop's is answered as any id that is taken: it tells nothing about that shop. */
export const takenShiftId = () =>
  fieldProblem('shift_conflict', '/id', 'belongs to another shift; a new shift needs a new id');

export const takenMovementId = () =>
  fieldProblem('shift_conflict', '/id', 'belongs to another cash movement; a new one needs a new id');
