/** `FUZZ_SEED=123 npx mocha test/security/fuzz.test.ts` sends the same requests again, but for the ids in them. */
export const fuzzSeed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
/** The nightly run sends 100,000. */
export const fuzzRequests = Number(process.env.FUZZ_REQUESTS ?? 6_000);
