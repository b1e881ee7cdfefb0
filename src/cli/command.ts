import type { App } from '../app.ts';
import type { Config } from '../config.ts';

/** What a command has at hand besides its own options. */
export type Shell = {
  config: Config;
  /** Whether a person sits there who can be asked. */
  isInteractive: boolean;
  wantsJson: boolean;
  /** Only what was asked for, and errors. */
  isQuiet: boolean;
  /**
   * What was done, as lines for people on stdout; left out with `--json` and `--quiet`. A break in one, such as of somebody's
   * name, makes no other.
   */
  say(...lines: string[]): void;
  /** The same for what was asked for, such as the result of a check: `--quiet` keeps it. */
  print(...lines: string[]): void;
  /** `print` for what is laid out in lines already: tables, with `inLine` around what people typed beside them. */
  show(text: string): void;
  /** How a long work goes on, on stderr; left out with `--quiet`. */
  tell(text: string): void;
  /** Prints a warning on stderr, also with `--quiet`. The command continues. */
  warn(text: string): void;
  /** The command's result: with `--json` the one JSON value on stdout. */
  give(value: unknown): void;
  /** Opens the program on an existing installation and closes it afterwards. */
  withApp<T>(work: (app: App) => Promise<T>): Promise<T>;
};

export type Option = {
  flags: string;
  description: string;
  required?: true;
  /** All that it may be, where they are few: for completion and docs/cli.md. The contract is what checks it. */
  values?: readonly string[];
};

/** A command declares itself; `program.ts` turns the list of them into the command line. */
export type Command = {
  /** Words as they are typed, such as `shop create`. */
  name: string;
  summary: string;
  /** A paragraph more, for the help and docs/cli.md. */
  details?: string;
  /** The last one may be several words. */
  arguments?: {
    name: string;
    description: string;
    isOptional?: true;
    isVariadic?: true;
    values?: readonly string[];
  }[];
  options: Option[];
  example: string;
  /** Runs where the settings are wrong, too: they are read when `shell.config` is, and `run` must not need them. */
  allowsInvalidConfig?: true;
  /** Gives an exit code other than 0 if it has to. */
  run(
    shell: Shell,
    options: Record<string, unknown>,
    args: (string | undefined)[],
  ): Promise<number | undefined>;
};

export const SHOP_OPTION: Option = {
  flags: '--shop <code>',
  description: 'the shop, by its code (default: the only one there is)',
};

export const EMAIL_OPTION: Option = {
  flags: '--email <email>',
  description: 'whom, by what they sign in with',
  required: true,
};

/** The request of the API as a file, for what has no option of its own. */
export const FILE_OPTION: Option = {
  flags: '--file <file>',
  description:
    'fields as JSON, as the --json of show prints them and the API takes them; - for standard input',
};

/** Before what can't be taken back, somebody at a terminal is asked; a script means what it says. */
export const YES_OPTION: Option = {
  flags: '--yes',
  description: 'do it without asking; off a terminal it is done without this, too',
};

export const ORDER_ARGUMENT = { name: 'order', description: 'the number on the bill, or its id' };

export const CUSTOMER_ARGUMENT = { name: 'customer', description: 'their phone number, exact name or id' };

export const ITEM_ARGUMENT = { name: 'item', description: 'its exact name, or its id' };

/** How an inventory item is set up. */
export const ITEM_OPTIONS: Option[] = [
  { flags: '--cost <amount>', description: 'what one unit costs' },
  { flags: '--reorder-level <quantity>', description: 'it is low from here on down' },
  { flags: '--policy <policy>', description: 'deny, warn or allow a sale of more than there is' },
];

export const DEVICE_ARGUMENT = { name: 'device', description: 'its name, or its id' };
