import { nearestOf } from '../config-nearest.ts';

/** `Did you mean tokens? ` for a name that is nearly one of these, else nothing. `whole` makes of a name what is to be typed. */
export function didYouMean(
  typed: string,
  names: readonly string[],
  whole: (name: string) => string = (name) => name,
): string {
  const like = nearestOf(typed, names);
  return like === undefined ? '' : `Did you mean ${whole(like)}? `;
}
