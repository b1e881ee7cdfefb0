import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { startTestApp } from '../support/app.ts';
import { scrape } from '../support/metrics-parts.ts';

const fileOf = (name: string) =>
  fileURLToPath(new URL(`../../deploy/observability/${name}`, import.meta.url));
const read = (name: string) => readFileSync(fileOf(name), 'utf8');

/** Names of metrics in an expression, with the parts of histograms. */
const namesIn = (text: string) => new Set(text.match(/\b(?:smoocho|process|nodejs)_[a-z0-9_]+/g) ?? []);

const labelsIn = (text: string) =>
  [...text.matchAll(/(smoocho_[a-z0-9_]+)\{([^}]*)\}/g)].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/(\w+)\s*[!=~]+/g)].map(([, key]) => key as string),
  }));

type Panel = { title: string; targets: { expr: string }[] };

describe('what is shipped for monitoring', () => {
  let given: Map<string, Set<string>>;
  const rules = read('smoocho.rules.yml');
  // Without comments and texts for people.
  const alerts = [...rules.matchAll(/expr: (.*)/g)].map(([, expr]) => expr as string);
  const dashboard = JSON.parse(read('smoocho.dashboard.json')) as {
    panels: Panel[];
    templating: { list: { query: unknown }[] };
  };
  const shown = [
    ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...dashboard.templating.list.map(({ query }) => JSON.stringify(query)),
  ];

  before(async () => {
    const test = await startTestApp();
    // Each request has a series of its own; a disk that does not answer, and the like, have the same names.
    await fetch(`${test.url}/healthz`);
    given = new Map();
    for (const { name, labels } of await scrape(test.url)) {
      given.set(name, new Set([...(given.get(name) ?? []), ...Object.keys(labels)]));
    }
    await test.close();
  });

  it('asks for what /metrics gives, by its labels', () => {
    expect(alerts.length).to.be.above(10);
    expect(shown.length).to.be.above(20);
    for (const expr of [...alerts, ...shown]) {
      for (const name of namesIn(expr)) expect([...given.keys()], expr).to.include(name);
      for (const { name, labels } of labelsIn(expr)) {
        // These two are Prometheus' own.
        const own = labels.filter((label) => label !== 'job' && label !== 'instance');
        for (const label of own) expect([...(given.get(name) ?? [])], expr).to.include(label);
      }
    }
  });

  it('shows or alerts of everything that is ours', () => {
    const used = namesIn([...alerts, ...shown].join('\n'));
    const ours = [...given.keys()].filter((name) => name.startsWith('smoocho_'));
    const unused = ours.filter((name) => !used.has(name) && !/_(sum|count)$/.test(name));
    expect(unused).to.deep.equal([]);
  });

  it('is in order for Prometheus itself', function () {
    const { error, status, stdout, stderr } = spawnSync(
      'promtool',
      ['check', 'rules', fileOf('smoocho.rules.yml')],
      {
        encoding: 'utf8',
        timeout: 20_000,
      },
    );
    if (error) {
      console.log("    skipped: promtool is not there (Debian's package prometheus)");
      return this.skip();
    }
    expect(status, `${stdout}${stderr}`).to.equal(0);
    const config = spawnSync('promtool', ['check', 'config', fileOf('prometheus.yml')], {
      encoding: 'utf8',
      timeout: 20_000,
    });
    expect(config.status, `${config.stdout}${config.stderr}`).to.equal(0);
  }).timeout(120_000);
});
