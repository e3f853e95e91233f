// Refuses an unsafe configuration in production: clear connections, waits too short (C38, C40), no folder for proofs of phone
// consent (C30).
// Invariant: a connection counts as encrypted only when the program itself encrypts it.
import { RelaisError } from '../errors.ts';
import type { Config } from './types.ts';

const thisHost = ['localhost', '127.0.0.1', '[::1]', '::1'];

/** @throws CONFIG-002 */
export function refuseUnsafe(config: Config): void {
  const unsafe: string[] = [];
  if (config.worker.settlingMs < 60_000) unsafe.push('RELAIS_SETTLING_MS below 60000');
  if (config.network.allowPlaintext) unsafe.push('RELAIS_ALLOW_PLAINTEXT=yes');
  const reached = {
    RELAIS_MYSQL_URL: config.mysql.gatewayUrl,
    RELAIS_MYSQL_OWNER_URL: config.mysql.ownerUrl,
    RELAIS_MYSQL_INTAKE_URL: config.mysql.intakeUrl,
    RELAIS_MYSQL_READ_URL: config.mysql.readUrl,
  };
  for (const [name, value] of Object.entries(reached)) {
    if (value === undefined) continue;
    const parsed = new URL(value);
    const local = thisHost.includes(parsed.hostname);
    // Only `yes`, the value that openDatabase accepts: any other word would pass here and connect in clear.
    const encrypted = parsed.protocol === 'rediss:' || parsed.searchParams.get('tls') === 'yes';
    if (!local && !encrypted)
      unsafe.push(`${name} reaches ${parsed.hostname} without TLS (add ?tls=yes, or use rediss://)`);
  }
  const { nodes, tls } = config.redis.place;
  const far = nodes.find(({ host }) => !thisHost.includes(host));
  if (far !== undefined && !tls)
    unsafe.push(`RELAIS_REDIS_URL reaches ${far.host} without TLS (use rediss:// or rediss+...://)`);
  const { port, pem, proxies } = config.console;
  if (port !== undefined && pem === undefined && proxies.length === 0)
    unsafe.push('RELAIS_CONSOLE_PORT without TLS (RELAIS_CONSOLE_TLS_PEM, or RELAIS_CONSOLE_PROXIES)');
  if (config.phoneProofs.folder === undefined)
    unsafe.push(
      'RELAIS_PHONE_PROOFS_DIR is missing: leads of one-off operations would stay past their last day. Name a folder for the proofs of phone consent',
    );
  if (config.phoneProofs.recipient === undefined)
    unsafe.push(
      'RELAIS_PHONE_PROOFS_RECIPIENT is missing: proofs of phone consent would be written in clear. Make a key (age-keygen -o proofs.key), keep it off this host, and set its public line (age1...)',
    );
  if (unsafe.length > 0)
    throw new RelaisError(
      'CONFIG-002',
      `Not allowed in production:\n${unsafe.map((reason) => `  - ${reason}`).join('\n')}`,
    );
}
