// Encodes a path for HTTP servers and storages.
// Invariant: every character that RFC 3986 reserves is encoded; no part of a path is ever read as part of the address.
/** Encodes each step of a path as RFC 3986 demands. */
export const encodedPath = (path: string): string =>
  path
    .split('/')
    .filter((step) => step !== '')
    .map((step) => encodeURIComponent(step).replace(/[!'()*]/g, percent))
    .join('/');

const percent = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
