// Masks a secret variable for `relais config`: the address remains readable, credentials do not.
// Invariant: in doubt all of it is masked.

const mask = '********';
/** Parameters of a URL that are no credentials. */
const harmless = new Set(['tls', 'socket']);

/**
 * Shows the host, database and MySQL's or Redis's user of a URL, the host of an address that receives alerts, and nothing of other values.
 */
export function maskedValue(value: string): string {
  const match = /^([a-z][a-z+]*:\/\/)(?:(.*)@)?([^/?#@]*)([^?#]*)(?:\?([^#]*))?$/i.exec(value);
  if (match === null) return mask;
  const [, scheme = '', account, hosts = '', path = '', query] = match;
  const asked = query === undefined ? '' : `?${query.split('&').map(maskedParameter).join('&')}`;
  if (/^(mysql|rediss?(\+\w+)?):\/\/$/i.test(scheme))
    return `${scheme}${account === undefined ? '' : `${maskedAccount(account)}@`}${hosts}${path}${asked}`;
  return `${scheme}${account === undefined ? '' : `${mask}@`}${hosts}${path.length > 1 || query !== undefined ? `/${mask}` : path}`;
}

const maskedAccount = (account: string): string => {
  const at = account.indexOf(':');
  return at < 0 ? account : `${account.slice(0, at)}:${mask}`;
};

const maskedParameter = (parameter: string): string => {
  const [name = ''] = parameter.split('=');
  return harmless.has(name) ? parameter : `${name}=${mask}`;
};
