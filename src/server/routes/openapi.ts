import type Router from '@koa/router';
import { version } from '../../version.ts';

/** The contract for machines. It is no line of the table, for it is the table; made when somebody first asks. */
export function mountOpenApi(router: Router): void {
  let document: Promise<string> | undefined;
  router.get('/api/openapi.json', async (ctx) => {
    document ??= writeDocument();
    ctx.type = 'application/json';
    ctx.body = await document;
  });
}

async function writeDocument(): Promise<string> {
  const { openApiDocument } = await import('../../contract/openapi.ts');
  return JSON.stringify(openApiDocument(version));
}
