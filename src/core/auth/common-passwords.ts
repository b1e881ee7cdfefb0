// Re-exported by a module of ours: in the bundle, import() of a CommonJS package has only a default export.
export { dictionary } from '@zxcvbn-ts/language-common';
