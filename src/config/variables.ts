// Lists every variable the program reads, with its meaning and default.
// Invariant: a test compares docs/configuration.md with this list.
import { redisForms } from './redis-place.ts';

type Row = string | readonly [meaning: string, fallback: string] | { readonly secret: string };

/** In the order of docs/configuration.md: the meaning, with the default where there is one. */
const rows: Readonly<Record<string, Row>> = {
  RELAIS_ENV: ['production, development or sandbox', 'production'],
  RELAIS_ON_CONFIG_ERROR: [
    'exit (code 78), or wait for a signal after the report: for a supervisor that restarts whatever ends',
    'exit',
  ],
  RELAIS_MYSQL_URL: {
    secret:
      'mysql://user:password@host:port/database of the gateway account; ?socket=PATH: by its Unix socket',
  },
  RELAIS_MYSQL_OWNER_URL: {
    secret: 'the same for the owner account (migrations, archiving of the log, backups)',
  },
  RELAIS_MYSQL_ADMIN_URL: {
    secret: 'the same for an account that makes schemas and accounts (`relais instance` alone)',
  },
  RELAIS_MYSQL_INTAKE_URL: {
    secret: 'the same for the intake account (lead import); default: the gateway account',
  },
  RELAIS_MYSQL_READ_URL: {
    secret: 'the same for a replica that support’s lists and status read; default: the primary',
  },
  RELAIS_MYSQL_STATISTICS_URL: {
    secret:
      'the same for the account that writes statistics, in a schema of their own (statistics run, restore load)',
  },
  RELAIS_MYSQL_STATISTICS_READ_URL: {
    secret: 'the same for the account that reads them (relais statistics export, backup run)',
  },
  RELAIS_INSTALLATION: [
    'shared by clients, or dedicated to one: then nothing of it is counted in statistics',
    'shared',
  ],
  RELAIS_MYSQL_CONNECTIONS: ['connections per process at most', '12'],
  RELAIS_SILENCE_MS: [
    'MySQL or Redis silent so long amid a question: the connection is lost; longer than a lock wait',
    '60000',
  ],
  RELAIS_KEYS_SCHEMA: 'schema of the per-lead secrets; default: <database>_keys',
  RELAIS_REDIS_URL: { secret: redisForms },
  RELAIS_REDIS_PREFIX: ['prefix of every Redis key', 'relais'],
  RELAIS_MASTER_KEY: {
    secret: '32 random bytes in base64 (openssl rand -base64 32); or RELAIS_MASTER_KEY_FILE',
  },
  RELAIS_MASTER_KEY_PREVIOUS: {
    secret:
      'earlier master keys, newest first, while something needs them; or RELAIS_MASTER_KEY_PREVIOUS_FILE',
  },
  RELAIS_SEAL_KEY: { secret: '32 random bytes in base64 that seal the log; or RELAIS_SEAL_KEY_FILE' },
  RELAIS_SEAL_KEY_PREVIOUS: {
    secret:
      'earlier sealing keys, newest first, to verify what they sealed; or RELAIS_SEAL_KEY_PREVIOUS_FILE',
  },
  RELAIS_MAPPINGS_DIR: ['folder of the mapping files', 'mappings'],
  RELAIS_SECRETS_DIR: 'folder with one file per secret:NAME; else RELAIS_SECRET_<NAME>',
  RELAIS_ALLOWED_RANGES: ['private CIDR ranges that recipients may live in, comma-separated', ''],
  RELAIS_ALLOW_PLAINTEXT: ['yes allows http and SMTP without TLS; refused in production', 'no'],
  RELAIS_CONNECT_TO: ['host=address:port,... dialled instead of the host (relay or sandbox)', ''],
  RELAIS_CA_FILE: 'additional certificate authorities, PEM',
  RELAIS_LOG_LEVEL: ['debug, info, warn or error', 'info'],
  RELAIS_HTTP_HOST: ['address of health, readiness and metrics', '127.0.0.1'],
  RELAIS_HTTP_PORT: 'their port; empty: none',
  RELAIS_CALLBACK_HOST: [
    'address where recipients tell later what they decided (POST /callbacks/DESTINATION)',
    '127.0.0.1',
  ],
  RELAIS_CALLBACK_PORT: 'its port, behind a proxy that ends TLS; empty: none',
  RELAIS_API_HOST: ['address of the HTTP interface for other systems', '127.0.0.1'],
  RELAIS_API_PORT: 'its port; empty: none',
  RELAIS_API_PROXIES:
    'addresses or CIDR ranges of proxies that end TLS before it, comma between: whose X-Forwarded-For is believed',
  RELAIS_API_TLS_PEM: 'where it ends TLS itself: a PEM file of certificate, chain and private key',
  RELAIS_API_PER_MINUTE: ['requests it answers a minute from one address', '15000'],
  RELAIS_CONSOLE_HOST: ['address of the console for people', '127.0.0.1'],
  RELAIS_CONSOLE_PORT: 'its port; empty: none',
  RELAIS_CONSOLE_URL:
    'the console as browsers reach it, for links in mails; empty: the one of RELAIS_OIDC_CONSOLE',
  RELAIS_CONSOLE_PROXIES: 'addresses or CIDR ranges of proxies that end TLS before it, comma between',
  RELAIS_CONSOLE_TLS_PEM: 'where it ends TLS itself: a PEM file of certificate, chain and private key',
  RELAIS_OIDC_ISSUER:
    'OpenID Connect provider that people of the console may come in by, as it names itself; empty: none',
  RELAIS_OIDC_CLIENT_ID: 'under which the provider knows the console',
  RELAIS_OIDC_CLIENT_SECRET: { secret: 'its secret there; or RELAIS_OIDC_CLIENT_SECRET_FILE' },
  RELAIS_OIDC_CONSOLE:
    'the console as browsers reach it; the provider sends them back to /sign-in/oidc/back of it',
  RELAIS_OIDC_MFA: [
    'values of acr or amr that say that the provider asked for a second factor, comma between',
    'mfa',
  ],
  RELAIS_OIDC_PASSWORDS: ['all or admins: whose passwords are heard beside the provider', 'all'],
  RELAIS_METRICS_DESTINATIONS: ['destinations that metrics name at most; the others are called other', '100'],
  RELAIS_WORKER_CONCURRENCY: ['deliveries in flight per destination and process at most', '50'],
  RELAIS_LEASE_MS: ['lease of a delivery being sent; one with longer timeouts gets a longer one', '60000'],
  RELAIS_SETTLING_MS: [
    'a look-up that finds nothing must say so twice, so far apart, before the lead is sent again',
    '60000',
  ],
  RELAIS_DRAIN_MS: ['how long SIGTERM waits for deliveries in flight', '25000'],
  RELAIS_PLANNER_IDLE_MS: [
    'pause between two looks when nothing is due; below 60 other timers are shorter too',
    '60',
  ],
  RELAIS_PLANNER_BATCH: ['rows taken at once', '256'],
  RELAIS_FILE_PART_ROWS: [
    'rows of a file written at once; a longer file is written in parts of so many',
    '1000',
  ],
  RELAIS_REFUSED_DAYS: ['days a refused row of lead_intake is kept; then only its count', '30'],
  RELAIS_WINDOW: ['deliveries of a destination queued in Redis or under way at most', '500'],
  RELAIS_ALERT_WEBHOOK: { secret: 'https URL that receives alerts as JSON' },
  RELAIS_ALERT_CHAT: {
    secret:
      'https URL of an incoming webhook of Mattermost, Slack, Rocket.Chat or Google Chat that receives alerts as text',
  },
  RELAIS_ALERT_SMTP_URL: { secret: 'smtp(s):// server for alert mails' },
  RELAIS_ALERT_MAIL_TO: 'mailbox of the support team',
  RELAIS_ALERT_MAIL_FROM: 'sender of alert mails',
  RELAIS_EVENTS_WEBHOOK: {
    secret: 'https URL that receives signed events: delivered, failed, held, needs a person',
  },
  RELAIS_EVENTS_SECRET: {
    secret:
      'whsec_ and base64 that signs it; several while it changes, newest first; or RELAIS_EVENTS_SECRET_FILE',
  },
  RELAIS_MAIL_SMTP_URL: { secret: 'smtp(s):// server for mails to clients; default: that of the alerts' },
  RELAIS_MAIL_FROM: 'sender of mails to clients; default: that of the alerts',
  RELAIS_CENTRE_NAME: "the centre's name, as letters to persons and proofs bear it",
  RELAIS_REGISTER_FILE:
    'the register of processing, sub-processors and places of data (YAML): `relais register page`',
  RELAIS_DPO_NAME: 'the data protection officer, as every mail to a client names them',
  RELAIS_DPO_MAIL_TO: 'mailbox that gets a copy of every note; default: the mailbox for rights',
  RELAIS_RIGHTS_MAILBOX: 'mailbox for requests about rights, as every mail to a client names it',
  RELAIS_BOUNCES_URL: {
    secret: 'imaps://user:password@host:993/INBOX of the mailbox that send.returnPath leads to',
  },
  RELAIS_BOUNCES_SECONDS: ['pause between two readings of that mailbox', '60'],
  RELAIS_PHONE_PROOFS_DIR:
    'folder for proofs of phone consent, written before leads are deleted; required in production',
  RELAIS_PHONE_PROOFS_RECIPIENT:
    'age recipient (age1...) these files are encrypted for; required in production',
  RELAIS_BACKUP_DIR: 'folder that `relais backup run` writes to',
  RELAIS_BACKUP_RECIPIENT: 'age recipient (age1...) backups are encrypted for; its key stays off this host',
  RELAIS_ERASURE_LEDGER_DIR:
    'folder of the ledger of erasures, outside the database; for each host with a planner, needed by backups',
  RELAIS_LOG_ARCHIVES_DIR: 'folder of the archives of the log, for backups; needed once months were archived',
  RELAIS_READ_ONLY: ['yes: no process changes the database, and nothing is sent', 'no'],
  RELAIS_ACTOR:
    'who works at the terminal, where the system keeps no login or beside RELAIS_FACTOR_CODE; default: the system user',
  RELAIS_TERMINAL_FACTOR: [
    'yes: commands that read persons need RELAIS_FACTOR_CODE of an account that may',
    'no',
  ],
  RELAIS_FACTOR_CODE: {
    secret: 'code of the second factor of the account that RELAIS_ACTOR names, for one command',
  },
};

const variableOf = (name: string, row: Row) => {
  if (typeof row === 'string') return { name, meaning: row };
  return 'secret' in row
    ? { name, meaning: row.secret, secret: true }
    : { name, meaning: row[0], fallback: row[1] };
};

export const variables = Object.entries(rows).map(([name, row]) => variableOf(name, row));
