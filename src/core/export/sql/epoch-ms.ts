/** An instant in ms since 1970, as an SQL expression. */
export const epochMs = (at: string): string => `floor(extract(epoch FROM ${at}) * 1000)::float8`;
