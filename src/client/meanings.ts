import type { ProblemCode } from '../contract/problem.ts';
import { isProblem, NoAnswerError, ProblemAnswer } from './errors.ts';

/**
 * What a refusal says about what was asked: `answer` is the server's answer to it. The others are none, and the same request
 * may do another time: `later` goes over by itself, `fault` is for whoever looks after the server or the way to it.
 */
type Meaning = 'answer' | 'later' | 'fault';

const meanings: Partial<Record<ProblemCode, Meaning>> = {
  request_timeout: 'later',
  too_many_requests: 'later',
  too_busy: 'later',
  unavailable: 'later',
  internal: 'fault',
  // A proxy's doing, for this client sends none of these.
  bad_request: 'fault',
  headers_too_large: 'fault',
  // The server is called by a name, or from a page, that its configuration doesn't have.
  host_refused: 'fault',
  origin_refused: 'fault',
};

/** Of problems that a newer server may send. */
const meaningsByStatus: Record<number, Meaning> = { 408: 'later', 421: 'fault', 429: 'later', 503: 'later' };

const meaningOf = ({ code, status }: ProblemAnswer): Meaning =>
  meanings[code] ?? meaningsByStatus[status] ?? (status >= 500 ? 'fault' : 'answer');

/** Nobody has answered what was asked: there was no answer, or one that is about something else. */
export const isUnanswered = (error: unknown): boolean =>
  error instanceof NoAnswerError || (error instanceof ProblemAnswer && meaningOf(error) !== 'answer');

/** It goes over by itself, and nobody need hear of it. */
export const isPassing = (error: unknown): boolean =>
  error instanceof NoAnswerError || (error instanceof ProblemAnswer && meaningOf(error) === 'later');

/** The session is over. No other refusal of a renewal says so, whatever its status. */
export const endsSession = (error: unknown): error is ProblemAnswer =>
  isProblem(error, 'unauthenticated', 'device_refused');
