/** Fields of a JSON object as reports give them: name, then value, by default the column of that name. */

/** An amount as decimal text, of any length: no sum is cast to a column's width. A sum of nothing is 0.00. */
export const money = (name: string, value = name) => `'${name}', round(coalesce(${value}, 0), 2)::text`;

/** A quantity as a JSON number. */
export const quantity = (name: string, value = name) => `'${name}', coalesce(${value}, 0)::float8`;

export const count = (name: string, value = name) => `'${name}', coalesce(${value}, 0)::int`;

/** An instant as the wire has it. */
export const time = (name: string, value: string) =>
  `'${name}', to_char(${value} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Rows of `from` as an array, in the order of `order`. json, not jsonb: figures keep the order in which people read them. */
export const rows = (fields: string, from: string, order: string) =>
  `(SELECT coalesce(json_agg(json_build_object(${fields}) ORDER BY ${order}), '[]') FROM ${from})`;
