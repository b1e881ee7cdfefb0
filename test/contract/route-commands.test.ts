import { expect } from 'chai';
import { entries } from '../../src/cli/commands.ts';
import { routeCommands, routesWithoutCommand } from '../../src/contract/route-commands.ts';
import { routes } from '../../src/contract/routes.ts';

/** What is wrong with the two lists, in sentences; for the program's own lists there must be none. */
function findGaps(
  names: string[],
  commands: string[],
  reached: Readonly<Record<string, readonly string[]>>,
  excused: Readonly<Record<string, string>>,
): string[] {
  const [has, without] = [new Set(Object.keys(reached)), new Set(Object.keys(excused))];
  return [
    ...names.filter((name) => !has.has(name) && !without.has(name)).map((name) => `${name} has no command`),
    ...names.filter((name) => has.has(name) && without.has(name)).map((name) => `${name} is in both lists`),
    ...[...has, ...without].filter((name) => !names.includes(name)).map((name) => `${name} is no route`),
    ...Object.entries(reached).flatMap(([name, words]) => [
      ...(words.length === 0 ? [`${name} names no command`] : []),
      ...words.filter((word) => !commands.includes(word)).map((word) => `${name}: ${word} is no command`),
    ]),
    ...Object.entries(excused)
      .filter(([, reason]) => !/^[A-Z].{20,}\.$/.test(reason))
      .map(([name]) => `${name} has no reason`),
  ];
}

describe('what can be done by HTTP', () => {
  const names = routes.map(({ name }) => name);
  const commands = entries.map(({ name }) => name);

  it('can be done by a command, or the list says why not', () => {
    expect(findGaps(names, commands, routeCommands, routesWithoutCommand)).to.deep.equal([]);
  });

  it('is missed when a route or a command comes or goes', () => {
    const reason = 'A device does this by itself.';
    const gaps = findGaps(
      ['old', 'new', 'both'],
      ['shop list'],
      { old: ['shop list'], both: ['shop gone'], gone: [] },
      { both: reason, past: 'later' },
    );
    expect(gaps).to.deep.equal([
      'new has no command',
      'both is in both lists',
      'gone is no route',
      'past is no route',
      'both: shop gone is no command',
      'gone names no command',
      'past has no reason',
    ]);
  });
});
