import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';
import { requirePrograms } from '../support/programs.ts';
import { removeFolder, tempFolder } from '../support/temp.ts';

const folder = fileURLToPath(new URL('../../deploy/tofu/', import.meta.url));
const files = join(folder, 'shared', 'files');
const clouds = ['aws', 'google', 'azure'];
const sourceOf = (cloud: string) =>
  readdirSync(join(folder, cloud))
    .filter((name) => name.endsWith('.tf'))
    .map((name) => readFileSync(join(folder, cloud, name), 'utf8'))
    .join('\n');

// biome-ignore lint/suspicious/noExplicitAny: data of a YAML file
type Any = any;

describe('the modules for clouds', () => {
  const schema = CORE_SCHEMA.withTags(mergeTag);
  const compose = load(readFileSync(join(files, 'compose.yaml'), 'utf8'), { schema }) as Any;

  it('give no container powers that it does not need, and the ports to Caddy alone', () => {
    const services = Object.entries<Any>(compose.services);
    expect(services.map(([name]) => name).sort()).to.deep.equal(['caddy', 'gateway', 'migrate', 'smoocho']);
    for (const [name, service] of services) {
      expect(service.read_only, name).to.equal(true);
      expect(service.cap_drop, name).to.deep.equal(['ALL']);
      expect(service.cap_add ?? [], name).to.deep.equal(name === 'caddy' ? ['NET_BIND_SERVICE'] : []);
      expect(service.security_opt, name).to.deep.equal(['no-new-privileges:true']);
      // Docker must not start one before what is secret was fetched.
      expect(service.restart, name).to.match(/^(on-failure|no)$/);
    }
    expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).to.deep.equal(['caddy']);
  });

  it('give each container an address of its own, as the rule about metadata goes by addresses', () => {
    const addresses = Object.values<Any>(compose.services).map(({ networks }) => networks.front.ipv4_address);
    expect(new Set(addresses)).to.have.lengthOf(4).and.not.include(undefined);
    const settings = readFileSync(join(files, 'settings.sh'), 'utf8');
    expect(settings).to.include(
      `! -s ${compose.services.gateway.networks.front.ipv4_address} -d 169.254.169.254`,
    );
    // Azure's machines have a second one, which is their name server, too.
    expect(settings).to.match(/-d 168\.63\.129\.16 -p tcp -m multiport --dports 80,32526 -j DROP/);
  });

  it('set every variable of the compose file, and none of a secret', () => {
    const text = readFileSync(join(files, 'compose.yaml'), 'utf8');
    const required = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    const shared = sourceOf('shared');
    for (const name of new Set(required)) expect(shared, name).to.match(new RegExp(`^ +${name} +=`, 'm'));
    for (const cloud of clouds) {
      const [, given = ''] = /module "box" \{\n(.*?)^\}/ms.exec(sourceOf(cloud)) ?? [];
      expect(given, cloud).to.include('source_address');
      expect(given, cloud).to.not.match(/password|\.secret\b|hmac|master_key|access_key/);
    }
  });

  it('print no secret, and mark the passphrase as one', () => {
    for (const cloud of clouds) {
      const source = sourceOf(cloud);
      const outputs = source.match(/^output .*?^\}/gms) ?? [];
      expect(outputs.length, cloud).to.be.above(2);
      for (const output of outputs) expect(output).to.not.match(/password|secret|hmac|master_key|access_key/);
      expect(source, cloud).to.match(/variable "state_passphrase" \{[^}]*sensitive += true/);
      expect(source.match(/enforced = true/g), cloud).to.have.length(2);
    }
  });

  it('hold scripts that shellcheck has nothing against', function () {
    requirePrograms(this, 'shellcheck');
    const scripts = readdirSync(files).filter((name) => name.endsWith('.sh'));
    expect(scripts).to.have.length(5);
    const { stdout } = spawnSync('shellcheck', scripts, { cwd: files, encoding: 'utf8' });
    expect(stdout).to.equal('');
  });

  it('are formatted as tofu does it, and make user data that cloud-init takes', function () {
    requirePrograms(this, 'tofu');
    this.timeout(120_000);
    const work = tempFolder();
    const tofu = (...args: string[]) =>
      execFileSync('tofu', args, { cwd: work, env: tofuEnv, encoding: 'utf8' });
    try {
      expect(tofu('fmt', '-check', '-recursive', folder)).to.equal('');
      for (const fetch of ['fetch-aws.py', 'fetch-google.sh', 'fetch-azure.sh']) {
        writeFileSync(join(work, 'main.tf'), rootOf(fetch));
        tofu('init', '-input=false');
        tofu('apply', '-auto-approve', '-input=false');
        const userData = tofu('output', '-raw', 'user_data');
        expect(Buffer.byteLength(userData), 'EC2 takes 16 KiB').to.be.below(16_384);
        expect(userData).to.match(/^#cloud-config\n/);
        const { write_files: written } = load(userData, { schema: CORE_SCHEMA }) as Any;
        expect(written.map(({ path }: Any) => path)).to.include.members([
          '/opt/smoocho/.env',
          '/opt/smoocho/settings',
        ]);
        checkByCloudInit(join(work, 'user-data.yaml'), userData);
      }
    } finally {
      removeFolder(work);
    }
  });

  it('refuse values that a cloud would refuse later, and encrypt the state', function () {
    requirePrograms(this, 'tofu');
    this.timeout(180_000);
    for (const cloud of clouds) {
      const work = tempFolder();
      const apply = (values: Record<string, unknown>) => {
        const all = JSON.stringify({ ...given, ...wanted[cloud], ...values });
        writeFileSync(join(work, 'terraform.tfvars.json'), all);
        return tofuIn(work, 'apply', '-auto-approve', '-input=false', '-no-color');
      };
      try {
        // Without the providers' part: variables and encryption are tofu's own.
        const [encryption = ''] = /^ {2}encryption \{.*?^ {2}\}\n/ms.exec(sourceOf(cloud)) ?? [];
        copyFileSync(join(folder, cloud, 'variables.tf'), join(work, 'variables.tf'));
        const secret = 'output "value" {\n  value = "so secret"\n}\n';
        writeFileSync(join(work, 'main.tf'), `terraform {\n${encryption}}\n${secret}`);
        writeFileSync(join(work, 'terraform.tfvars.json'), JSON.stringify({ ...given, ...wanted[cloud] }));
        expect(tofuIn(work, 'init', '-input=false').status).to.equal(0);
        const good = apply({});
        expect(good.status, `${cloud}: ${good.stderr}`).to.equal(0);
        const state = readFileSync(join(work, 'terraform.tfstate'), 'utf8');
        expect(state).to.include('encrypted_data').and.not.include('so secret');
        const bad = { ...wrong, ...wrongOf[cloud] };
        const { status, stderr } = apply(bad);
        expect(status, cloud).to.equal(1);
        for (const name of Object.keys(bad)) {
          expect(stderr, `${cloud}, ${name}`).to.match(new RegExp(`${name} (must|needs)`));
        }
        expect(apply({ state_passphrase: 'another passphrase' }).status).to.equal(1);
      } finally {
        removeFolder(work);
      }
    }
  });
});

const tofuEnv = { ...process.env, TF_CLI_CONFIG_FILE: '/dev/null', CHECKPOINT_DISABLE: '1' };
const tofuIn = (cwd: string, ...args: string[]) =>
  spawnSync('tofu', args, { cwd, env: tofuEnv, encoding: 'utf8' });
const given = {
  state_passphrase: 'sixteen letters at least',
  domain: 'pos.kulfi.example',
  source_address: 'https://git.example.com/smoocho.git#v0.1.0',
};
const wanted: Record<string, object> = {
  aws: { region: 'ap-south-1' },
  google: { project: 'kulfi-123456', region: 'asia-south1' },
  azure: {
    subscription_id: '00000000-0000-0000-0000-000000000000',
    location: 'centralindia',
    admin_ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ me@here',
    ssh_from: ['203.0.113.7/32'],
  },
};
const wrong = {
  domain: 'https://pos.kulfi.example',
  source_address: 'git@example.com:smoocho',
  name: 'Kulfi!',
  point_in_time_days: 99,
};
const wrongOf: Record<string, object> = {
  aws: { region: 'asia-south1', instance_type: 'small', database_class: 't4g.micro', database_gigabytes: 5 },
  google: {
    project: 'Kulfi',
    region: 'ap-south-1',
    zone: 'asia-south1-b',
    database_tier: 'small',
    deleted_days: 365,
  },
  azure: {
    ssh_from: ['0.0.0.0/0'],
    machine_size: 'Standard_B2pls_v2',

    database_standby: true,
  },
};

const rootOf = (fetch: string) => `
module "box" {
  source         = "${join(folder, 'shared')}"
  source_address = "https://git.example.com/smoocho.git#v0.1.0"
  domain         = "pos.kulfi.example"
  origin_domain  = "box.pos.kulfi.example"
  secret_id      = "secret"
  fetch_secret   = "${fetch}"
  database_ca    = "-----BEGIN CERTIFICATE-----\\nx\\n-----END CERTIFICATE-----\\n"
  s3             = { endpoint = "https://s3.example.com", region = "r", bucket = "pictures" }
}
output "user_data" {
  value = module.box.user_data
}
`;

function checkByCloudInit(path: string, userData: string): void {
  writeFileSync(path, userData);
  const { error, status, stdout, stderr } = spawnSync('cloud-init', ['schema', '--config-file', path], {
    encoding: 'utf8',
  });
  if (error) console.log('      cloud-init is not installed: its schema was not asked');
  else expect(status, stdout + stderr).to.equal(0);
}
