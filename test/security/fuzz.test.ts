import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { systemContext } from '../../src/app.ts';
import { type Route, routes } from '../../src/contract/index.ts';
import { verifyShop } from '../../src/core/verify/verify-shop.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type Fuzz, fuzzOf, fuzzRoute } from '../support/fuzz-run.ts';
import { fuzzRequests, fuzzSeed } from '../support/fuzz-settings.ts';
import { watchChanges } from '../support/watched-changes.ts';
import { givenWorld, resetSettings, type World } from '../support/world.ts';

/** The second round does what the first did: what it leaves behind is what every round would. */
const ROUNDS = 2;
/** Passwords are hashed there, each for as long as ten other requests take: these routes get a third of what others get. */
const SLOW = new Set(['login', 'pinLogin', 'register', 'createUser', 'updateUser', 'updateProfile']);
const partOf = ({ name }: Route) => (SLOW.has(name) ? 1 : 3);
const PARTS = ROUNDS * routes.reduce((sum, route) => sum + partOf(route), 0);
const countFor = (route: Route) => Math.ceil((fuzzRequests * partOf(route)) / PARTS);
/** Faults that a message shows; more would only be more of the same. */
const SHOWN = 8;
const MAX_GROWTH_MB = 12;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use once nothing is left to be thrown away. */
async function heapMb(): Promise<number> {
  for (let n = 0; n < 4; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
  }
  return process.memoryUsage().heapUsed / 1e6;
}

describe(`${fuzzRequests} requests of any kind (FUZZ_SEED=${fuzzSeed})`, function () {
  this.timeout(120_000);
  let test: TestApp;
  let fuzz: Fuzz;
  let own: World;
  let other: World;
  const heap: number[] = [];

  before(async () => {
    test = await startTestApp();
    own = await givenWorld(test, 'OWN');
    other = await givenWorld(test, 'ELSE');
    await watchChanges(own.db);
    fuzz = fuzzOf(own, other, fuzzSeed);
  });
  after(async () => {
    const statuses = [...fuzz.statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${count} × ${status}`);
    console.log(`${fuzz.sent} requests: ${statuses.join(', ')}`);
    console.log(`heap after each round: ${heap.map((mb) => `${mb.toFixed(1)} MB`).join(', ')}`);
    fuzz.agent.destroy();
    await test.close();
  });

  for (let round = 1; round <= ROUNDS; round += 1) {
    describe(`round ${round}`, () => {
      before(() => {
        fuzz.seed = fuzzSeed + round;
      });
      for (const route of routes) {
        it(`break nothing at ${route.name}`, async () => {
          await resetSettings(own.shop);
          const faults = await fuzzRoute(fuzz, route, countFor(route));
          expect(faults.length, `FUZZ_SEED=${fuzzSeed}\n${faults.slice(0, SHOWN).join('\n')}`).to.equal(0);
        });
      }
      after(async () => {
        heap.push(await heapMb());
      });
    });
  }

  describe('all together', () => {
    it('reach every route, and some of them get through', () => {
      expect(fuzz.sent).to.be.at.least(fuzzRequests);
      const never = routes.filter(({ name }) => !fuzz.taken.has(name)).map(({ name }) => name);
      expect(never, 'every request to these was refused: nothing of what is behind was tried').to.deep.equal(
        [],
      );
    });

    it('leave the memory as it was', () => {
      const [first = 0, last = 0] = [heap.at(0), heap.at(-1)];
      expect(last - first, 'MB that the second round left behind').to.be.below(MAX_GROWTH_MB);
    });

    it('leave the books of the shop sound', async () => {
      for (const { shop } of [own, other]) {
        const { checks } = await verifyShop(systemContext(test.app, 'test'), shop.id);
        expect(checks.filter(({ wrong }) => wrong > 0)).to.deep.equal([]);
      }
    });
  });
});
