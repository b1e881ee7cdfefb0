import type Router from '@koa/router';
import { openApiDocument } from '../../contract/openapi.ts';
import { version } from '../../version.ts';

/** The contract for machines. It is no line of the table, for it is the table; made when somebody first asks. */
export function mountOpenApi(router: Router): void {
  let document: string | undefined;
  router.get('/api/openapi.json', async (ctx) => {
    document ??= JSON.stringify(openApiDocument(version));
    ctx.type = 'application/json';
    ctx.body = document;
  });
}
