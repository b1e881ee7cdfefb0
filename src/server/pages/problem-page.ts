import type { Context } from 'koa';
import { type ProblemError, problems } from '../../contract/problem.ts';
import { escapeHtml, type Page } from './page.ts';

/** Whether somebody opens this address in a browser. Programs that call the API get problems, whatever they accept. */
export const wantsPage = (ctx: Context): boolean =>
  !ctx.path.startsWith('/api/') && /\btext\/html\b/i.test(ctx.get('accept'));

/** A problem as a page; the request id helps to find an unknown one in the log. */
export function problemPage({ code, detail }: ProblemError, requestId: string): Page {
  const { status, title } = problems[code];
  const id = status >= 500 ? `<p>Request <code>${escapeHtml(requestId)}</code></p>` : '';
  return {
    title,
    body: `<p>${escapeHtml(detail ?? `${title}.`)}</p>\n${id}<p><a href="/">Go to the first page</a></p>`,
  };
}
