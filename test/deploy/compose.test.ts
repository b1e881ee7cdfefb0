import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (name: string) => readFileSync(`${root}${name}`, 'utf8');

type Service = {
  image: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  ports?: string[];
  environment?: Record<string, string>;
  volumes?: string[];
  networks?: string[] | Record<string, unknown>;
  network_mode?: string;
  healthcheck?: object;
  mem_limit?: string;
  logging?: { options: Record<string, string> };
  depends_on?: Record<string, { condition: string }>;
};
type Compose = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
  volumes: Record<string, null>;
};

describe('docker-compose.yml', () => {
  // Compose files are YAML 1.1 where it comes to merging.
  const schema = CORE_SCHEMA.withTags(mergeTag);
  const { services, networks, volumes } = load(read('docker-compose.yml'), { schema }) as Compose;
  const all = Object.entries(services);
  const networksOf = ({ networks: named = [] }: Service) =>
    Array.isArray(named) ? named : Object.keys(named);

  it('gives no part powers that it does not need', () => {
    expect(all.map(([name]) => name).sort()).to.deep.equal(
      ['caddy', 'migrate', 'minio', 'postgres', 'redis', 'secrets', 'smoocho'].sort(),
    );
    for (const [name, service] of all) {
      expect(service.read_only, name).to.equal(true);
      expect(service.cap_drop, name).to.deep.equal(['ALL']);
      expect(service.cap_add ?? [], name).to.deep.equal(name === 'caddy' ? ['NET_BIND_SERVICE'] : []);
      expect(service.security_opt, name).to.deep.equal(['no-new-privileges:true']);
      expect(service.logging?.options, name).to.have.keys('max-size', 'max-file');
    }
  });

  it('opens the ports of Caddy alone, and keeps data on a network that reaches nothing', () => {
    expect(all.filter(([, { ports }]) => ports).map(([name]) => name)).to.deep.equal(['caddy']);
    expect(networks.inside?.internal).to.equal(true);
    for (const name of ['postgres', 'redis', 'minio']) {
      expect(networksOf(services[name] as Service), name).to.deep.equal(['inside']);
    }
    expect(networksOf(services.caddy as Service)).to.deep.equal(['front']);
    expect(services.secrets?.network_mode).to.equal('none');
  });

  it('has no password in an environment, and mounts each for its own part and Smoocho alone', () => {
    for (const [name, { environment = {} }] of all) {
      for (const [key, value] of Object.entries(environment)) {
        if (!/PASSWORD|SECRET|_URL/.test(key)) continue;
        expect(key, name).to.match(/_FILE$/);
        expect(value, `${name} ${key}`).to.match(
          /^\/run\/smoocho\/|^\$\{S3_SECRET_KEY_FILE:-\/run\/smoocho\//,
        );
      }
    }
    for (const part of ['postgres', 'redis', 'minio']) {
      const having = all.filter(([, service]) =>
        service.volumes?.some((volume) => volume.startsWith(`${part}-secret:`)),
      );
      expect(having.map(([name]) => name).sort(), part).to.deep.equal(
        [part, 'migrate', 'secrets', 'smoocho'].sort(),
      );
    }
  });

  it('waits for what a part needs, bounds each, and names volumes and files that are there', () => {
    for (const [name, { depends_on: needs = {}, volumes: mounts = [], mem_limit: limit }] of all) {
      for (const [other, { condition }] of Object.entries(needs)) {
        const isOnce = ['secrets', 'migrate'].includes(other);
        expect(condition, `${name}: ${other}`).to.equal(
          isOnce ? 'service_completed_successfully' : 'service_healthy',
        );
        // Those made from our Dockerfiles have their check there.
        const hasCheck = isOnce || other === 'smoocho' || services[other]?.healthcheck;
        expect(Boolean(hasCheck), `${name}: ${other}`).to.equal(true);
      }
      for (const mount of mounts) {
        const [source = ''] = mount.split(':');
        const isThere = source.startsWith('./') ? existsSync(`${root}${source}`) : source in volumes;
        expect(isThere, `${name}: ${mount}`).to.equal(true);
      }
      if (!['secrets', 'migrate'].includes(name)) expect(limit, name).to.be.a('string');
    }
    expect(read('Dockerfile'))
      .to.match(/^HEALTHCHECK /m)
      .and.match(/^USER 1000:1000$/m);
  });

  it('backs pictures up before an upgrade from wherever Smoocho reads them', () => {
    const { migrate, smoocho } = services as Record<string, Service>;
    expect(networksOf(migrate as Service)).to.deep.equal(networksOf(smoocho as Service));
    expect(migrate?.depends_on).to.have.property('minio');
    expect(migrate?.environment).to.deep.equal(smoocho?.environment);
  });

  it('gives each part of the front network an address of its own', () => {
    const addresses = all.flatMap(([, { networks: named }]) => {
      const front = Array.isArray(named) ? undefined : named?.front;
      return front ? [(front as { ipv4_address?: string }).ipv4_address] : [];
    });
    expect(addresses).to.have.length(3);
    // Without one, a part that starts first would take the address of Caddy.
    for (const address of addresses) expect(address).to.match(/^172\.31\.251\.[2-6]$/);
    expect(new Set(addresses).size).to.equal(addresses.length);
  });

  it('gives the root over plain HTTP, by the name of the tills, too, and redirects to the port of HTTPS', () => {
    // deploy/verify.sh tests how Caddy behaves with it.
    const caddyfile = read('deploy/compose/Caddyfile');
    expect(caddyfile).to.match(/^\tauto_https disable_redirects$/m);
    expect(caddyfile).to.include('redir https://{host}:{$HTTPS_PORT:443}{uri} 308');
    expect(services.caddy?.environment?.HTTPS_PORT).to.match(/^\$\{HTTPS_PORT:-443\}$/);
  });

  it('believes the forwarded headers of Caddy alone', () => {
    const { front } = (services.caddy?.networks ?? {}) as Record<string, { ipv4_address: string }>;
    expect(front?.ipv4_address).to.be.a('string');
    expect(services.smoocho?.environment?.TRUSTED_PROXIES).to.equal(front?.ipv4_address);
  });
});

describe('docker-compose.two-servers.yml', () => {
  const schema = CORE_SCHEMA.withTags(mergeTag);
  const base = load(read('docker-compose.yml'), { schema }) as Compose;
  const { services } = load(read('docker-compose.two-servers.yml'), { schema }) as Compose;
  const second = services['smoocho-2'] as Service & { extends: object };

  it('adds a second server that is the first one, at an address of its own', () => {
    expect(Object.keys(services).sort()).to.deep.equal(['caddy', 'smoocho-2']);
    expect(second.extends).to.deep.equal({ file: 'docker-compose.yml', service: 'smoocho' });
    expect(second).to.have.keys('extends', 'networks');
    // Without it they would not hear of each other, and the second would not start.
    expect(base.services.smoocho?.environment).to.have.property('REDIS_URL_FILE');
    const addresses = [...Object.values(base.services), second].flatMap(({ networks: named }) => {
      const { front } = (named ?? {}) as Record<string, { ipv4_address?: string }>;
      return front?.ipv4_address ?? [];
    });
    expect(addresses).to.have.length(4);
    expect(new Set(addresses).size).to.equal(4);
  });

  it('has Caddy send tills to both, and start after both', () => {
    const servers = services.caddy?.environment?.SMOOCHO_SERVERS;
    expect(servers).to.equal('smoocho:8080 smoocho-2:8080');
    expect(read('deploy/compose/Caddyfile')).to.contain('reverse_proxy {$SMOOCHO_SERVERS:smoocho:8080} {');
    expect(services.caddy?.depends_on).to.deep.equal({ 'smoocho-2': { condition: 'service_healthy' } });
  });
});
