import { type AppOptions, createApp, openDatabase } from '../app.ts';
import type { Config } from '../config.ts';
import { commandLog } from './output/command-log.ts';

// The one place where a command opens the program or its database: with `commandLog`, so that none writes a server's JSON lines.

/** `createApp` for a command. */
export const openAppFor = (config: Config, options: Omit<AppOptions, 'log'> = {}) =>
  createApp(config, { ...options, log: commandLog(config) });

/** `openDatabase` for a command. */
export const openDatabaseFor = (config: Config, options: Parameters<typeof openDatabase>[2] = {}) =>
  openDatabase(config, commandLog(config), options);
