import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';

const ROOT = dirname(findPackageJSON('..', import.meta.url) as string);

/** The path of a file of this package, whether the sources run or what was built of them. */
export const packageFile = (path: string) => join(ROOT, path);
