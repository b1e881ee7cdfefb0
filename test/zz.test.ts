import { startTestApp } from './support/app.ts';
import { givenShop } from './support/factories.ts';
import { setTimeout as sleep } from 'node:timers/promises';
describe('x', function () { this.timeout(60000);
 for (const n of [1,2,3]) it('y'+n, async () => {
  const test = await startTestApp(); const shop = await givenShop(test,'AAA');
  const {body}=await shop.cashier.get(`${shop.path}/events`); const after=body.position;
  const cs = Array.from({length:20},()=>new AbortController());
  const w = cs.map(({signal})=>fetch(`${test.url}${shop.path}/events?after=${after}&wait=25`,{headers:{authorization:`Bearer ${shop.cashier.token}`},signal}).catch(()=>'hung up'));
  await sleep(200); for (const c of cs) c.abort(); await Promise.all(w);
  const t=performance.now(); await test.close(); console.log('closed', performance.now()-t);
 });
});
