// A module of its own, since import() of a package in CommonJS has another shape in what is built of it.
export { dictionary } from '@zxcvbn-ts/language-common';
