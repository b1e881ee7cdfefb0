import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = dirname(findPackageJSON('..', import.meta.url) as string);

/** Resolves a path inside this package, from the sources as well as from the bundle. */
export const packageFile = (path: string) => join(ROOT, path);
