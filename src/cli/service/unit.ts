/** The home that `StateDirectory=` of the unit makes. */
const STATE_DIRECTORY = '/var/lib/smoocho';

export type ServicePlace = {
  /** Absolute paths of Node and of the script that it runs. */
  program: readonly string[];
  home: string;
  /** The unprivileged system user that it runs as. */
  user: string;
  group: string;
};

/** Places that `ProtectHome=` and `PrivateTmp=` of the unit hide from the service. */
const HIDDEN = ['/home', '/root', '/run/user', '/tmp', '/var/tmp'];

/** The first of these paths that the service would not see. */
export const findHidden = (paths: readonly string[]): string | undefined =>
  paths.find((path) => HIDDEN.some((hidden) => path === hidden || path.startsWith(`${hidden}/`)));

/** The unit of the package (`deploy/systemd/smoocho.service`) for this machine. */
export function unitFor(template: string, { program, home, user, group }: ServicePlace): string {
  const settings: Record<string, string> = {
    User: user,
    Group: group,
    WorkingDirectory: withoutSpecifiers(home),
    ExecStart: [...program, 'start'].map((word) => quote(word.replaceAll('$', '$$$$'))).join(' '),
  };
  const set = Object.entries(settings).reduce(
    (unit, [name, value]) => unit.replace(new RegExp(`^${name}=.*$`, 'm'), () => `${name}=${value}`),
    template.replace(`SMOOCHO_HOME=${STATE_DIRECTORY}`, () => quote(`SMOOCHO_HOME=${home}`)),
  );
  if (home === STATE_DIRECTORY) return set;
  return set.replace(/^StateDirectory=.*\nStateDirectoryMode=.*$/m, () => `ReadWritePaths=${quote(home)}`);
}

/** A word of a setting, as systemd.syntax(7) reads it. */
const quote = (word: string) =>
  /^[\w@./:=+$-]+$/.test(word) ? word : `"${withoutSpecifiers(word).replace(/[\\"]/g, '\\$&')}"`;

/** `%` begins a specifier. */
const withoutSpecifiers = (text: string) => text.replaceAll('%', '%%');
