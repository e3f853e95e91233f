// A path as HTTP servers and storages take it.
// Invariant: every sign that RFC 3986 reserves is encoded; what a path says is never read as a part of the address.
/** One path below an address, each step encoded as RFC 3986 wants it. */
export const encodedPath = (path: string): string =>
  path
    .split('/')
    .filter((step) => step !== '')
    .map((step) => encodeURIComponent(step).replace(/[!'()*]/g, percent))
    .join('/');

const percent = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
