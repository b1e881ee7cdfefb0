import { createHash } from 'node:crypto';
import type { Context } from 'koa';
import { renderSVG } from 'uqr';
import { asTypedForOthers } from '../../as-typed.ts';

/** A page as the server renders it: no build, nothing from elsewhere. */
export type Page = {
  title: string;
  /** HTML below the title, with every text in it escaped. */
  body: string;
  /** JavaScript, allowed by its hash. The page must also work without it. */
  script?: string;
  /** Whether the page has a form, which may be sent to this server alone. */
  hasForm?: boolean;
};

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1rem; max-width: 38rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
a.button, button { display: inline-block; padding: .75rem 1.25rem; border: 0; border-radius: .5rem; background: #0b57d0; color: #fff; font: inherit; text-decoration: none; cursor: pointer; }
details { border-top: 1px solid #8888; }
details:last-of-type { border-bottom: 1px solid #8888; }
form details { margin: 0 0 1rem; }
summary { padding: .75rem 0; font-weight: 600; cursor: pointer; }
code { font: .875rem/1.5 ui-monospace, monospace; }
.note { padding: .75rem 1rem; border-radius: .5rem; background: #8882; }
.wrong { color: #b3261e; }
.code { font: 600 2rem/1.2 ui-monospace, monospace; letter-spacing: .05em; }
form p { margin: 0 0 1rem; }
label { display: block; font-weight: 600; }
label small, .wrong { display: block; font-size: .875rem; font-weight: 400; }
input, select { box-sizing: border-box; width: 100%; padding: .6rem .75rem; border: 1px solid #888; border-radius: .5rem; font: inherit; color: inherit; background: Canvas; }
[aria-invalid] { border-color: #b3261e; }
@media (prefers-color-scheme: dark) { .wrong { color: #f2b8b5; } [aria-invalid] { border-color: #f2b8b5; } }
[hidden] { display: none; }
svg { display: block; width: 12rem; height: 12rem; }
`;

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const STYLE_HASH = hashOf(STYLE);

/** A page has its one style, its one script if any, and nothing from elsewhere. */
const policyOf = ({ script, hasForm }: Page) =>
  [
    "default-src 'none'",
    `style-src ${STYLE_HASH}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`]),
    "base-uri 'none'",
    `form-action ${hasForm ? "'self'" : "'none'"}`,
    "frame-ancestors 'none'",
  ].join('; ');

const htmlOf = ({ title, body, script }: Page) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
<h1>${escapeHtml(title)}</h1>
${body}
${script === undefined ? '' : `<script>${script}</script>\n`}</html>
`;

/** Responds with a page and the policy that it needs. */
export function sendPage(ctx: Context, page: Page, status = 200): void {
  ctx.status = status;
  ctx.set('Content-Security-Policy', policyOf(page));
  // With no-referrer, browsers send a form with `Origin: null`, which the origin check refuses.
  if (page.hasForm) ctx.set('Referrer-Policy', 'same-origin');
  ctx.type = 'text/html; charset=utf-8';
  ctx.body = htmlOf(page);
}

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** A command, as it is typed on the server. Only what a page says itself: what somebody sent stays as it is. */
export const command = (text: string) => `<code>${escapeHtml(asTypedForOthers(text))}</code>`;

/** A QR code as SVG, with the four light modules around it that the standard asks for. */
export const qrSvg = (text: string) => renderSVG(text, { border: 4 });
