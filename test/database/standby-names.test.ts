import { expect } from 'chai';
import { namedStandbys, standbysNeeded } from '../../src/database/standby-names.ts';

describe('synchronous_standby_names', () => {
  const cases: [names: string, needed: number, named: string[]][] = [
    ['s1', 1, ['s1']],
    ['s1, s2', 1, ['s1', 's2']],
    ['ANY 1 (s1, s2)', 1, ['s1', 's2']],
    ['first 2 (a, "b c", "d""e")', 2, ['a', 'b c', 'd"e']],
    ['2 (a, b, c)', 2, ['a', 'b', 'c']],
    ['*', 1, []],
    ['ANY 1 (*)', 1, []],
    ['', 1, []],
  ];
  for (const [names, needed, named] of cases) {
    it(`is read in each of its forms: ${names || 'empty'}`, () => {
      expect([standbysNeeded(names), namedStandbys(names)]).to.deep.equal([needed, named]);
    });
  }
});
