/** What is wrong with the configuration, in a sentence with its mend. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}
