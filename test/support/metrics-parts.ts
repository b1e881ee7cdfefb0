import { expect } from 'chai';
import { ask } from './raw-http.ts';

type Sample = { name: string; labels: Record<string, string>; value: number };

/** The samples of an answer in Prometheus' text format, each line held to the format. */
export function readSamples(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name = '', labels = '', value = ''] =
      /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (-?[\d.e+-]+|NaN|[+-]Inf)$/i.exec(line) ?? [];
    expect(name, line).to.not.equal('');
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, said]) => [key, said]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) };
  });
}

/** The sum of the samples with this name and these labels; undefined when there is none. */
export function sampleOf(
  samples: Sample[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([key, said]) => sample.labels[key] === said),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

export async function scrape(url: string, headers: Record<string, string> = {}) {
  const { status, text } = await ask(url, '/metrics', headers);
  expect(status, text).to.equal(200);
  return readSamples(text);
}
