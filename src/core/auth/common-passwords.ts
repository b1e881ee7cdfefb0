// Re-exported here, because import() of a CommonJS package in the bundle has only a default export.
export { dictionary } from '@zxcvbn-ts/language-common';
