import { expect } from 'chai';
import { z } from 'zod';
import { routes } from '../../src/contract/index.ts';
import type { Repeat, Route } from '../../src/contract/route.ts';

/** Names of everything in the answers of a route. */
function namesIn({ responses }: Route): string[] {
  const names: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { properties } = value as { properties?: object };
    if (properties) names.push(...Object.keys(properties));
    for (const inner of Object.values(value)) walk(inner);
  };
  for (const schema of Object.values(responses)) {
    if (schema) walk(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }));
  }
  return names;
}

const SECRET = /token|secret|password|^pin$|apiKey|credential/i;
const isSecret = (name: string) => SECRET.test(name) && name !== 'tokenNumber';

describe('the same POST again', () => {
  const posts = routes.filter(({ method }) => method === 'post');
  const marked = (repeat: Repeat) => posts.filter((route) => route.repeat === repeat);

  it('is thought of for each, and for no other method', () => {
    expect(posts.filter(({ repeat }) => repeat === undefined).map(({ name }) => name)).to.deep.equal([]);
    const others = routes.filter(({ method, repeat }) => method !== 'post' && repeat !== undefined);
    expect(others.map(({ name }) => name)).to.deep.equal([]);
  });

  for (const route of posts) {
    it(`keeps no secret: ${route.name}`, () => {
      const secrets = namesIn(route).filter(isSecret);
      // The code of a pairing is one for as long as it is good.
      if (route.repeat === 'secret' && route.name !== 'createPairingCode')
        expect(secrets).not.to.deep.equal([]);
      else expect(secrets).to.deep.equal([]);
    });
  }

  it('is told apart by a key unless there is a reason', () => {
    expect(marked('id').map(({ name }) => name)).to.have.members(['placeOrder', 'replayOrders']);
    expect(marked('nothing').map(({ name }) => name)).to.have.members(['listPinPeople', 'logout']);
    expect(marked('secret').map(({ name }) => name)).to.have.members([
      'login',
      'pinLogin',
      'refresh',
      'createPairingCode',
      'pairDevice',
    ]);
  });

  it('is no file and no download where a key keeps the answer', () => {
    const files = marked('key').filter(({ file, answersWith, formats }) => file || answersWith || formats);
    expect(files.map(({ name }) => name)).to.deep.equal([]);
  });
});
