/** The token of an Authorization header; undefined when it has another form, null when there is none (RFC 6750 §2.1). */
export function bearerToken(header: string): string | null | undefined {
  if (header === '') return null;
  return /^Bearer ([\w.~+/-]+=*)$/i.exec(header)?.[1];
}
