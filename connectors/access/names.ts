// Patterns of HTTP header names, and of names whose value is a secret.
// Invariant: data only.
export const headerName = "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$";

/** Headers that carry credentials in one CRM or another: their values must be secrets. */
export const credentialHeader =
  /^(authorization|proxy-authorization|cookie)$|(^|-)(api-?key|apikey|auth|token|secret|password)($|-)/i;
