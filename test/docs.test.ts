import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort();
const read = (page: string) => readFileSync(join(root, page), 'utf8').replace(/^ *```[\s\S]*?^ *```/gm, '');

/** The anchor that GitHub gives a heading: small letters, hyphens for spaces, no other signs. */
const anchorOf = (heading: string) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (page: string) =>
  [...read(page).matchAll(/^#+ +(.*?) *$/gm)].map(([, heading]) => anchorOf(heading ?? ''));

/** Returns why a link is broken; undefined if it is not. */
function findBroken(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path ? join(dirname(page), path) : page;
  if (!existsSync(join(root, target))) return `${page}: ${link} leads to no file`;
  return anchor && target.endsWith('.md') && !anchorsOf(target).includes(anchor)
    ? `${page}: ${link} leads to no heading`
    : undefined;
}

describe('the pages', () => {
  it('lead to files and headings that are there', () => {
    const links = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => ({ page, link: link ?? '' })),
    );
    const ours = links.filter(({ link }) => !/^[a-z]+:/.test(link));
    expect(ours).to.have.length.above(100);
    expect(ours.map(({ page, link }) => findBroken(page, link)).filter(Boolean)).to.deep.equal([]);
    expect(findBroken('README.md', 'docs/nothing.md')).to.match(/no file/);
    expect(findBroken('README.md', 'docs/commands.md#nothing')).to.match(/no heading/);
  });

  // Decisions and the changelog speak of what was there at their time.
  it('name files of the project that are there', () => {
    const named = pages
      .filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/decisions/'))
      .flatMap((page) =>
        [
          ...read(page).matchAll(
            /`((?:\.ci|bench|deploy|docs|examples|findings|scripts|src|test)\/[\w./-]+)`/g,
          ),
        ].map(([, path]) => ({ page, path: path ?? '' })),
      );
    expect(named).to.have.length.above(50);
    expect(named.filter(({ path }) => !existsSync(join(root, path)))).to.deep.equal([]);
  });

  it('of operations are all named in the README', () => {
    const readme = read('README.md');
    const operations = pages.filter((page) => page.startsWith('docs/operations/'));
    expect(operations.filter((page) => !readme.includes(`(${page})`))).to.deep.equal([]);
  });
});
