import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { load } from 'js-yaml';
import { requirePrograms } from '../support/programs.ts';

const path = fileURLToPath(new URL('../../deploy/cloud-init/smoocho.yaml', import.meta.url));

describe('deploy/cloud-init/smoocho.yaml', function () {
  this.timeout(120_000);
  const { write_files: files, runcmd } = load(readFileSync(path, 'utf8')) as {
    write_files: { path: string; content: string; permissions?: string }[];
    runcmd: string[][];
  };

  it('is what cloud-init takes', function () {
    requirePrograms(this, 'cloud-init');
    const { status, stdout, stderr } = spawnSync('cloud-init', ['schema', '--config-file', path], {
      encoding: 'utf8',
    });
    expect(status, `${stdout}${stderr}`).to.equal(0);
  });

  it('runs scripts that it has written, in the language of sh', () => {
    const scripts = files.filter(({ content }) => content.startsWith('#!/bin/sh\n'));
    expect(runcmd.flat().sort()).to.deep.equal(scripts.map((script) => script.path).sort());
    for (const { content, permissions, path: name } of scripts) {
      expect(permissions, name).to.equal('0755');
      const { status, stderr } = spawnSync('sh', ['-n'], { input: content, encoding: 'utf8' });
      expect(status, `${name}: ${stderr}`).to.equal(0);
    }
  });

  it('lets in SSH and the web, after it has refused everything else', () => {
    const edge = files.find(({ path: name }) => name.endsWith('smoocho-edge'))?.content ?? '';
    const rules = [...edge.matchAll(/^ufw (.*)$/gm)].map(([, rule]) => rule);
    expect(rules).to.deep.equal([
      'default deny incoming',
      'limit 22/tcp',
      'allow 80/tcp',
      'allow 443/tcp',
      'allow 443/udp',
      '--force enable',
    ]);
    expect(runcmd[0]).to.deep.equal(['/usr/local/sbin/smoocho-edge']);
  });
});
