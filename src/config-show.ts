import { readConfigFile, type Settings } from './config-file.ts';
import { findHome } from './config-home.ts';
import { knownSettings, type Setting } from './config-known.ts';
import type { Env } from './config-sources.ts';

/** A setting as `config show` has it. */
export type ShownSetting = {
  /** Its field of `config.json`, `backup.keep` for one inside another; where it has none, its variable. */
  name: string;
  variable: string | null;
  /** What holds, without secrets; of a default, in words. */
  value: string;
  source: 'default' | 'config.json' | 'environment' | 'file' | 'option';
  /** The variable that said it; with `file`, the file too. */
  from: string | null;
};

/** What stands for a secret. */
const HIDDEN = '…';

/**
 * Every setting, what it is and who says so, in the order of the docs; `home` is the option's. Values are not judged, and none is
 * refused but the home. Names that are no setting are in `unknown`. Throws ConfigError for a home or a `config.json` that can't be read.
 */
export function showSettings(
  home: string | undefined,
  env: Env,
): { home: string; settings: ShownSetting[]; unknown: string[] } {
  const place = findHome(home, env);
  const file = readConfigFile(place);
  const fields = new Set<string>(knownSettings.flatMap(({ field }) => field ?? []));
  return {
    home: place,
    settings: knownSettings.flatMap((setting) => {
      if (setting.variable !== 'SMOOCHO_HOME') return shown(setting, file, env);
      const own = { ...(shown(setting, file, env)[0] as ShownSetting), value: place };
      return home === undefined ? [own] : [{ ...own, source: 'option' as const, from: '--home' }];
    }),
    unknown: Object.keys(file).filter((name) => !fields.has(name)),
  };
}

function shown(setting: Setting, file: Settings, env: Env): ShownSetting[] {
  const { field } = setting;
  const base = defaultOf(setting);
  const said = saidIn(env, setting);
  if (said?.source === 'file') return [{ ...base, ...said, value: `in ${said.value}` }];
  if (said) return [{ ...base, ...said, value: textOf(setting, said.value) }];
  const value = field === null ? undefined : file[field];
  if (value === undefined || value === null || value === '') return [base];
  const inFile = { ...base, source: 'config.json' as const };
  if (field === 'backup' && isFields(value)) {
    return Object.entries(value).map(([name, one]) => ({
      ...inFile,
      name: `backup.${name}`,
      value: name === 'recoveryRecipient' && !String(one).startsWith('age1') ? HIDDEN : textOf(setting, one),
    }));
  }
  return [{ ...inFile, value: textOf(setting, value) }];
}

type Said = { source: 'environment' | 'file'; from: string; value: string };

/** What the environment says of a setting: its value, or the path of a file that has it. */
function saidIn(env: Env, { variable, byFile, isList }: Setting): Said | undefined {
  if (variable === null) return undefined;
  const from = `${variable}_FILE`;
  const path = byFile && env[from];
  if (path) return { source: 'file', from, value: path };
  const value = env[variable];
  return value || (isList && value !== undefined)
    ? { source: 'environment', from: variable, value: value ?? '' }
    : undefined;
}

/** Names of settings by where they come from; no values. */
export type SettingSources = {
  /** That `config.json` has, known or not. */
  inFile: string[];
  /** Variables of the environment that are read. */
  inEnvironment: string[];
  /** Variables that win over another value in `config.json`. */
  overriding: string[];
};

/** Where the settings of a home come from; the home itself is no question. Throws ConfigError for a file that can't be read. */
export function findSources(home: string, env: Env): SettingSources {
  const file = readConfigFile(home);
  const found = knownSettings.flatMap((setting: Setting) => {
    const said = setting.variable === 'SMOOCHO_HOME' ? undefined : saidIn(env, setting);
    const inFile = setting.field === null ? undefined : file[setting.field];
    const isOther = inFile !== undefined && (said?.source === 'file' || String(inFile) !== said?.value);
    return said && setting.variable ? [{ variable: setting.variable, isOther }] : [];
  });
  return {
    inFile: Object.keys(file),
    inEnvironment: found.map(({ variable }) => variable),
    overriding: found.filter(({ isOther }) => isOther).map(({ variable }) => variable),
  };
}

const defaultOf = ({ field, variable, usual }: Setting): ShownSetting => ({
  name: field ?? variable ?? '',
  variable,
  value: usual,
  source: 'default',
  from: null,
});

const isFields = (value: unknown): value is Settings =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function textOf({ secret }: Setting, value: unknown): string {
  if (secret === 'whole') return HIDDEN;
  const text =
    typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
  return secret === 'address' ? withoutPassword(text) : text;
}

/** An address without the password in it. One that is written wrongly may have it anywhere, and is hidden. */
export function withoutPassword(text: string): string {
  const url = /^[a-z]+:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.hash || /[@#]/.test(`${url.pathname}${url.search}`)) return HIDDEN;
  const parameters = [...url.searchParams].map(
    ([name, value]) => `${name}=${/pass|secret|token/i.test(name) ? HIDDEN : value}`,
  );
  const account = url.password ? `${url.username}:${HIDDEN}@` : url.username && `${url.username}@`;
  return `${url.protocol}//${account}${url.host}${url.pathname}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
}
