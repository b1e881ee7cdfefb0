import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { ConfigError, defaultHome, loadConfig, withoutRealShop } from '../src/config.ts';
import { removeFolder, tempFolder } from './support/temp.ts';

describe('the configuration', () => {
  let home: string;
  beforeEach(() => {
    home = tempFolder();
  });
  afterEach(() => removeFolder(home));

  it('takes an option over the environment, that over the file, that over the default', () => {
    writeFileSync(join(home, 'config.json'), JSON.stringify({ port: 8001, host: '127.0.0.1' }));
    expect(loadConfig({ home }, {})).to.include({ port: 8001, host: '127.0.0.1', logLevel: 'info' });
    expect(loadConfig({ home }, { PORT: '8002' }).port).to.equal(8002);
    expect(loadConfig({ home, port: 8003 }, { PORT: '8002' }).port).to.equal(8003);
    expect(loadConfig({}, { SMOOCHO_HOME: home }).home).to.equal(home);
    expect(loadConfig({}, { SMOOCHO_HOME: '' }).home).to.equal(defaultHome());
    expect(() => loadConfig({ home: '' }, { SMOOCHO_HOME: home })).to.throw(
      ConfigError,
      /--home names no folder/,
    );
  });

  it('gives the driver a space of a path as it understands it', () => {
    const url = 'postgres://me:p%40ss%2Fword@db/shop?application_name=my shop';
    const { password, connectionParameters } = new pg.Client({
      connectionString: loadConfig({ home }, { DATABASE_URL: url }).databaseUrl,
    }) as unknown as { password: string; connectionParameters: { application_name: string } };
    expect([password, connectionParameters.application_name]).to.deep.equal(['p@ss/word', 'my shop']);
  });

  it('reads a secret from the file that the environment names', () => {
    writeFileSync(join(home, 'url'), 'postgres://somewhere/shop\n');
    expect(loadConfig({ home }, { DATABASE_URL_FILE: join(home, 'url') }).databaseUrl).to.equal(
      'postgres://somewhere/shop',
    );
    const given = loadConfig({ home }, { POSTGRES_PASSWORD: 'given' });
    expect(given.secrets.get('postgres-password')).to.equal('given');
    expect(() => loadConfig({ home }, { DATABASE_URL_FILE: join(home, 'none') })).to.throw(
      ConfigError,
      'none',
    );
  });

  it('calls a wrong setting by where it stands: a file named for what has none says nothing', () => {
    writeFileSync(join(home, 'config.json'), JSON.stringify({ port: 'x', databaseUrl: 'x' }));
    expect(() => loadConfig({ home }, { DATABASE_URL: 'postgres://db/shop', PORT_FILE: '/x' })).to.throw(
      /^port in config\.json/,
    );
    writeFileSync(join(home, 'url'), 'x\n');
    expect(() => loadConfig({ home }, { PORT: '80', DATABASE_URL_FILE: join(home, 'url') })).to.throw(
      /^DATABASE_URL /,
    );
  });

  it('refuses what is no address of a database before anybody waits for it, and does not repeat it', () => {
    const wrong = [
      'secret',
      'postgres:/secret',
      'mysql://root:secret@localhost/shop',
      'postgres://me:secret@localhost:port/shop',
      'postgres://me:sec%ret@localhost/shop',
      'postgres://me:se/cret@localhost:5432/shop',
    ];
    for (const url of wrong) {
      const load = () => loadConfig({ home }, { DATABASE_URL: url });
      expect(load, url)
        .to.throw(ConfigError, /^DATABASE_URL is not an address/)
        .with.property('message')
        .that.does.not.include('cret');
    }
    for (const url of ['postgres://me:secret@one:5432,two:5432/shop', 'postgres:///shop?host=one,two']) {
      expect(() => loadConfig({ home }, { DATABASE_URL: url }), url)
        .to.throw(ConfigError, /^DATABASE_URL names several servers, and may name one\./)
        .with.property('message')
        .that.does.not.include('cret');
    }
    for (const url of [
      'postgres://me:a,b@h/s',
      'postgresql://shop',
      'postgres:///shop?host=/run/postgresql',
      'postgres://me:%40@h:1/s?sslmode=require',
    ]) {
      expect(loadConfig({ home }, { DATABASE_URL: url }).databaseUrl).to.equal(url);
    }
  });

  it('makes a secret once, for its owner alone, and refuses one that others can read', () => {
    const secret = loadConfig({ home }, {}).secrets.get('postgres-password');
    const path = join(home, 'secrets', 'postgres-password');
    expect(secret).to.have.length(43).and.equal(readFileSync(path, 'utf8'));
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(loadConfig({ home }, {}).secrets.get('postgres-password')).to.equal(secret);
    chmodSync(path, 0o640);
    expect(() => loadConfig({ home }, {}).secrets.get('postgres-password')).to.throw(
      ConfigError,
      'chmod 600',
    );
    writeFileSync(path, '');
    chmodSync(path, 0o600);
    expect(() => loadConfig({ home }, {}).secrets.get('postgres-password')).to.throw(ConfigError, 'is empty');
  });

  it('refuses a file of settings with a password in it that others can read, and no other', () => {
    const path = join(home, 'config.json');
    const write = (settings: object) => writeFileSync(path, JSON.stringify(settings));
    const secret = [
      { databaseUrl: 'postgres://me:secret@localhost/shop' },
      { databaseUrl: 'postgres:///shop?password=secret' },
      { redisUrl: 'redis://:secret@localhost' },
    ];
    const open = [
      { port: 8001 },
      { databaseUrl: 'postgres://me@localhost/shop', redisUrl: 'redis://localhost' },
      { databaseUrl: 'postgres:///shop?host=/run/postgresql' },
    ];
    for (const settings of [...secret, ...open]) {
      write(settings);
      chmodSync(path, 0o600);
      expect(() => loadConfig({ home }, {}), JSON.stringify(settings)).to.not.throw();
    }
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(path, mode);
      for (const settings of open) {
        write(settings);
        expect(() => loadConfig({ home }, {}), JSON.stringify(settings)).to.not.throw();
      }
      for (const settings of secret) {
        write(settings);
        // Another address of the environment leaves the password where it is.
        const load = () => loadConfig({ home }, { DATABASE_URL: 'postgres://localhost/shop' });
        expect(load, JSON.stringify(settings)).to.throw(
          ConfigError,
          new RegExp(`^${path} can be read by others. Close it: chmod 600 ${path}$`),
        );
      }
    }
  });

  it('says where the master key is: in the environment, in a file that it names, or under secrets', () => {
    const place = (env: Record<string, string>) => loadConfig({ home }, env).masterKey;
    expect(place({})).to.deep.equal({ path: join(home, 'secrets', 'master-key'), isOurs: true });
    expect(place({ MASTER_KEY: 'abc' })).to.deep.equal({ text: 'abc' });
    expect(place({ MASTER_KEY: 'abc', MASTER_KEY_FILE: '/run/key' })).to.deep.equal({
      path: '/run/key',
      isOurs: false,
    });
    expect(existsSync(join(home, 'secrets'))).to.equal(false);
  });

  it('reads who may reach the server, from the environment as from the file', () => {
    const env = {
      ALLOWED_HOSTS: 'till.example.com, Kasse.Müller.de,',
      ALLOWED_ORIGINS: 'https://till.example.com:443/, capacitor://localhost',
      TRUSTED_PROXIES: '10.0.0.0/8,::1',
      REQUESTS_PER_SECOND: '20',
    };
    const edge = {
      allowedHosts: ['till.example.com', 'kasse.xn--mller-kva.de'],
      allowedOrigins: ['https://till.example.com', 'capacitor://localhost'],
      trustedProxies: ['10.0.0.0/8', '::1'],
      requestsPerSecond: 20,
      connectionsPerAddress: 256,
    };
    expect(loadConfig({ home }, env).edge).to.deep.equal(edge);
    writeFileSync(join(home, 'config.json'), JSON.stringify(edge));
    expect(loadConfig({ home }, {}).edge).to.deep.equal(edge);
    expect(loadConfig({ home }, { ALLOWED_HOSTS: '' }).edge.allowedHosts).to.deep.equal([]);
    writeFileSync(join(home, 'config.json'), '{}');
    expect(loadConfig({ home }, {}).edge).to.include({ requestsPerSecond: 50, connectionsPerAddress: 256 });
  });

  it('takes no name, site, network or number that would let in more than meant', () => {
    const wrong: [name: string, texts: string[]][] = [
      ['ALLOWED_HOSTS', ['*', '*.example.com', 'http://till', 'till:8080', 'a/b', 'a b', 'u@till', '[::1]']],
      [
        'ALLOWED_ORIGINS',
        ['*', 'till.example.com', 'null', 'https://*.example.com', 'https://a/b', 'https://u@a'],
      ],
      [
        'TRUSTED_PROXIES',
        [
          '*',
          'proxy.local',
          '10.0.0.0/33',
          '10.0.0.0/',
          '10.0.0',
          '::1/129',
          '10.0.0.0/8/8',
          '0.0.0.0/0',
          '::/0',
        ],
      ],
      ['REQUESTS_PER_SECOND', ['0', '-1', '1.5', 'many', '1e9']],
      ['CONNECTIONS_PER_ADDRESS', ['0', 'all']],
    ];
    for (const [name, texts] of wrong) {
      for (const text of texts) {
        expect(() => loadConfig({ home }, { [name]: text }), `${name}=${text}`).to.throw(
          ConfigError,
          'must be',
        );
      }
    }
  });

  it('says in a sentence what it can not use', () => {
    expect(() => loadConfig({ home }, { PORT: 'eighty' })).to.throw(ConfigError, '"eighty"');
    writeFileSync(join(home, 'config.json'), '{ port: 80');
    expect(() => loadConfig({ home }, {})).to.throw(ConfigError, 'not valid JSON');
    for (const none of ['null', '[]', '[{"port": 80}]', '"x"', '8080', 'true']) {
      writeFileSync(join(home, 'config.json'), none);
      expect(() => loadConfig({ home }, {}), none).to.throw(ConfigError, 'has no settings in braces');
    }
    rmSync(join(home, 'config.json'));
    const blocked = join(home, 'blocked');
    writeFileSync(blocked, 'a file where a folder should be');
    expect(() => loadConfig({ home: blocked }, {}).secrets.get('postgres-password')).to.throw(
      ConfigError,
      'SMOOCHO_HOME',
    );
    mkdirSync(join(home, 'fine'));
    expect(() =>
      loadConfig({ home: join(home, 'fine') }, {}).secrets.get('postgres-password'),
    ).to.not.throw();
  });

  describe('of the store of pictures', () => {
    const env = {
      S3_ENDPOINT: 'https://s3.example.com',
      S3_BUCKET: 'kulfi-pictures',
      S3_ACCESS_KEY: 'access',
      S3_SECRET_KEY: 'very secret',
    };
    const file = {
      imageStore: 'minio',
      s3Endpoint: 'http://localhost:9000/',
      s3Bucket: 'pictures',
      s3AccessKey: 'access',
      s3SecretKey: 'very secret',
      s3Region: 'eu-west-1',
      s3PublicEndpoint: 'https://cdn.example.com',
    };

    it('takes the environment over the file, and says nothing where nobody did', () => {
      expect(loadConfig({ home }, {})).to.include({
        imageStore: undefined,
        s3: undefined,
        s3Server: undefined,
      });
      expect(loadConfig({ home }, { ...env, IMAGE_STORE: 'minio' })).to.deep.include({
        imageStore: 'minio',
        s3: {
          ...{ endpoint: 'https://s3.example.com', bucket: 'kulfi-pictures', region: 'us-east-1' },
          ...{ accessKey: 'access', secretKey: 'very secret', publicEndpoint: undefined },
        },
      });
      writeFileSync(join(home, 'config.json'), JSON.stringify(file), { mode: 0o600 });
      expect(loadConfig({ home }, {})).to.deep.include({
        imageStore: 'minio',
        s3: {
          ...{ endpoint: 'http://localhost:9000', bucket: 'pictures', region: 'eu-west-1' },
          ...{ accessKey: 'access', secretKey: 'very secret', publicEndpoint: 'https://cdn.example.com' },
        },
      });
      expect(loadConfig({ home }, { IMAGE_STORE: 'filesystem', S3_BUCKET: 'other' })).to.include({
        imageStore: 'filesystem',
      });
      // The demo puts nothing among the pictures of the real shop.
      expect(withoutRealShop(loadConfig({ home }, {}))).to.include({ imageStore: undefined, s3: undefined });
    });

    it('reads its secrets from files, and refuses a config.json with one that others can read', () => {
      writeFileSync(join(home, 'secret'), 'from a file\n', { mode: 0o600 });
      const { S3_SECRET_KEY: _, ...rest } = env;
      const read = loadConfig({ home }, { ...rest, S3_SECRET_KEY_FILE: join(home, 'secret') });
      expect(read.s3?.secretKey).to.equal('from a file');
      writeFileSync(join(home, 'config.json'), JSON.stringify(file));
      chmodSync(join(home, 'config.json'), 0o644);
      expect(() => loadConfig({ home }, {})).to.throw(ConfigError, 'chmod 600');
      const { s3SecretKey: __, ...open } = file;
      writeFileSync(join(home, 'config.json'), JSON.stringify(open));
      expect(loadConfig({ home }, env).s3?.bucket).to.equal('kulfi-pictures');
    });

    it('needs no bucket for what names one itself, such as backups', () => {
      const { S3_BUCKET: _, ...server } = env;
      const { s3, s3Server } = loadConfig({ home }, server);
      expect([s3, s3Server?.endpoint]).to.deep.equal([undefined, 'https://s3.example.com']);
    });

    it('says what is missing or wrong, without a secret', () => {
      const wrong: [change: Record<string, string>, said: string][] = [
        [{ IMAGE_STORE: 'shelf' }, 'IMAGE_STORE is "shelf"; it must be filesystem or minio.'],
        [{ S3_BUCKET: '', IMAGE_STORE: 'minio' }, 'S3_BUCKET, S3_ACCESS_KEY and S3_SECRET_KEY are not set'],
        [{ S3_SECRET_KEY: '', S3_ENDPOINT: '' }, 'S3_ENDPOINT, S3_SECRET_KEY is not set'],
        [{ S3_ENDPOINT: 's3.example.com' }, 'S3_ENDPOINT is not an address'],
        [{ S3_ENDPOINT: 'https://me:very secret@s3.example.com' }, 'S3_ENDPOINT is not an address'],
        [{ S3_ENDPOINT: 'https://s3.example.com/kulfi' }, 'S3_ENDPOINT is not an address'],
        [{ S3_PUBLIC_ENDPOINT: 'cdn' }, 'S3_PUBLIC_ENDPOINT is not an address'],
        [{ S3_BUCKET: 'Kulfi_Pictures' }, 'S3_BUCKET is not the name of a bucket'],
      ];
      for (const [change, said] of wrong) {
        const load = () => loadConfig({ home }, { ...env, ...change });
        expect(load, said)
          .to.throw(ConfigError, said)
          .with.property('message')
          .that.does.not.include('secret@');
      }
      expect(() => loadConfig({ home }, { IMAGE_STORE: 'minio' })).to.throw(ConfigError, 'are not set');
    });
  });
});
