// Lists every variable the program reads, with its meaning and default.
// Invariant: a test compares docs/configuration.md with this list.
import { redisForms } from './redis-place.ts';

interface Variable {
  readonly name: string;
  readonly meaning: string;
  readonly fallback?: string;
  readonly secret?: boolean;
}

/** In the order of docs/configuration.md. */
export const variables: readonly Variable[] = [
  { name: 'RELAIS_ENV', meaning: 'production, development or sandbox', fallback: 'production' },
  {
    name: 'RELAIS_ON_CONFIG_ERROR',
    meaning:
      'exit (code 78), or wait for a signal after the report: for a supervisor that restarts whatever ends',
    fallback: 'exit',
  },
  {
    name: 'RELAIS_MYSQL_URL',
    meaning: 'mysql://user:password@host:port/database of the gateway account',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_OWNER_URL',
    meaning: 'the same for the owner account (migrations, archiving of the log, backups)',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_ADMIN_URL',
    meaning: 'the same for an account that makes schemas and accounts (`relais instance` alone)',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_INTAKE_URL',
    meaning: 'the same for the intake account (lead import); default: the gateway account',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_READ_URL',
    meaning: 'the same for a replica that support’s lists and status read; default: the primary',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_STATISTICS_URL',
    meaning:
      'the same for the account that writes statistics, in a schema of their own (relais statistics run)',
    secret: true,
  },
  {
    name: 'RELAIS_MYSQL_STATISTICS_READ_URL',
    meaning: 'the same for the account that reads them (relais statistics export)',
    secret: true,
  },
  {
    name: 'RELAIS_INSTALLATION',
    meaning: 'shared by clients, or dedicated to one: then nothing of it is counted in statistics',
    fallback: 'shared',
  },
  { name: 'RELAIS_MYSQL_CONNECTIONS', meaning: 'connections per process at most', fallback: '12' },
  {
    name: 'RELAIS_SILENCE_MS',
    meaning: 'MySQL or Redis silent so long amid a question: the connection is lost; longer than a lock wait',
    fallback: '60000',
  },
  { name: 'RELAIS_KEYS_SCHEMA', meaning: 'schema of the per-lead secrets; default: <database>_keys' },
  { name: 'RELAIS_REDIS_URL', meaning: redisForms, secret: true },
  { name: 'RELAIS_REDIS_PREFIX', meaning: 'prefix of every Redis key', fallback: 'relais' },
  {
    name: 'RELAIS_MASTER_KEY',
    meaning: '32 random bytes in base64 (openssl rand -base64 32); or RELAIS_MASTER_KEY_FILE',
    secret: true,
  },
  {
    name: 'RELAIS_MASTER_KEY_PREVIOUS',
    meaning:
      'earlier master keys, newest first, while something needs them; or RELAIS_MASTER_KEY_PREVIOUS_FILE',
    secret: true,
  },
  {
    name: 'RELAIS_SEAL_KEY',
    meaning: '32 random bytes in base64 that seal the log; or RELAIS_SEAL_KEY_FILE',
    secret: true,
  },
  {
    name: 'RELAIS_SEAL_KEY_PREVIOUS',
    meaning:
      'earlier sealing keys, newest first, to verify what they sealed; or RELAIS_SEAL_KEY_PREVIOUS_FILE',
    secret: true,
  },
  { name: 'RELAIS_MAPPINGS_DIR', meaning: 'folder of the mapping files', fallback: 'mappings' },
  { name: 'RELAIS_SECRETS_DIR', meaning: 'folder with one file per secret:NAME; else RELAIS_SECRET_<NAME>' },
  {
    name: 'RELAIS_ALLOWED_RANGES',
    meaning: 'private CIDR ranges that recipients may live in, comma-separated',
    fallback: '',
  },
  {
    name: 'RELAIS_ALLOW_PLAINTEXT',
    meaning: 'yes allows http and SMTP without TLS; refused in production',
    fallback: 'no',
  },
  {
    name: 'RELAIS_CONNECT_TO',
    meaning: 'host=address:port,... dialled instead of the host (relay or sandbox)',
    fallback: '',
  },
  { name: 'RELAIS_CA_FILE', meaning: 'additional certificate authorities, PEM' },
  { name: 'RELAIS_LOG_LEVEL', meaning: 'debug, info, warn or error', fallback: 'info' },
  { name: 'RELAIS_HTTP_HOST', meaning: 'address of health, readiness and metrics', fallback: '127.0.0.1' },
  { name: 'RELAIS_HTTP_PORT', meaning: 'their port; empty: none' },
  {
    name: 'RELAIS_CALLBACK_HOST',
    meaning: 'address where recipients tell later what they decided (POST /callbacks/DESTINATION)',
    fallback: '127.0.0.1',
  },
  { name: 'RELAIS_CALLBACK_PORT', meaning: 'its port, behind a proxy that ends TLS; empty: none' },
  {
    name: 'RELAIS_API_HOST',
    meaning: 'address of the HTTP interface for other systems',
    fallback: '127.0.0.1',
  },
  { name: 'RELAIS_API_PORT', meaning: 'its port; empty: none' },
  {
    name: 'RELAIS_API_PROXIES',
    meaning:
      'addresses or CIDR ranges of proxies that end TLS before it, comma between: whose X-Forwarded-For is believed',
  },
  {
    name: 'RELAIS_API_TLS_PEM',
    meaning: 'where it ends TLS itself: a PEM file of certificate, chain and private key',
  },
  {
    name: 'RELAIS_API_PER_MINUTE',
    meaning: 'requests it answers a minute from one address',
    fallback: '15000',
  },
  { name: 'RELAIS_CONSOLE_HOST', meaning: 'address of the console for people', fallback: '127.0.0.1' },
  { name: 'RELAIS_CONSOLE_PORT', meaning: 'its port; empty: none' },
  {
    name: 'RELAIS_CONSOLE_URL',
    meaning: 'the console as browsers reach it, for links in mails; empty: the one of RELAIS_OIDC_CONSOLE',
  },
  {
    name: 'RELAIS_CONSOLE_PROXIES',
    meaning: 'addresses or CIDR ranges of proxies that end TLS before it, comma between',
  },
  {
    name: 'RELAIS_CONSOLE_TLS_PEM',
    meaning: 'where it ends TLS itself: a PEM file of certificate, chain and private key',
  },
  {
    name: 'RELAIS_OIDC_ISSUER',
    meaning:
      'OpenID Connect provider that people of the console may come in by, as it names itself; empty: none',
  },
  { name: 'RELAIS_OIDC_CLIENT_ID', meaning: 'under which the provider knows the console' },
  {
    name: 'RELAIS_OIDC_CLIENT_SECRET',
    meaning: 'its secret there; or RELAIS_OIDC_CLIENT_SECRET_FILE',
    secret: true,
  },
  {
    name: 'RELAIS_OIDC_CONSOLE',
    meaning: 'the console as browsers reach it; the provider sends them back to /sign-in/oidc/back of it',
  },
  {
    name: 'RELAIS_OIDC_MFA',
    meaning: 'values of acr or amr that say that the provider asked for a second factor, comma between',
    fallback: 'mfa',
  },
  {
    name: 'RELAIS_OIDC_PASSWORDS',
    meaning: 'all or admins: whose passwords are heard beside the provider',
    fallback: 'all',
  },
  {
    name: 'RELAIS_METRICS_DESTINATIONS',
    meaning: 'destinations that metrics name at most; the others are called other',
    fallback: '100',
  },
  {
    name: 'RELAIS_WORKER_CONCURRENCY',
    meaning: 'deliveries in flight per destination and process at most',
    fallback: '50',
  },
  {
    name: 'RELAIS_LEASE_MS',
    meaning: 'lease of a delivery being sent; one with longer timeouts gets a longer one',
    fallback: '60000',
  },
  {
    name: 'RELAIS_SETTLING_MS',
    meaning: 'a look-up that finds nothing must say so twice, so far apart, before the lead is sent again',
    fallback: '60000',
  },
  { name: 'RELAIS_DRAIN_MS', meaning: 'how long SIGTERM waits for deliveries in flight', fallback: '25000' },
  {
    name: 'RELAIS_PLANNER_IDLE_MS',
    meaning: 'pause between two looks when nothing is due; below 60 the timers of a second are shorter too',
    fallback: '60',
  },
  { name: 'RELAIS_PLANNER_BATCH', meaning: 'rows taken at once', fallback: '256' },
  {
    name: 'RELAIS_FILE_PART_ROWS',
    meaning: 'rows of a file written at once; a longer file is written in parts of so many',
    fallback: '1000',
  },
  {
    name: 'RELAIS_REFUSED_DAYS',
    meaning: 'days a refused row of lead_intake is kept; then only its count',
    fallback: '30',
  },
  {
    name: 'RELAIS_WINDOW',
    meaning: 'deliveries of a destination queued in Redis or under way at most',
    fallback: '500',
  },
  { name: 'RELAIS_ALERT_WEBHOOK', meaning: 'https URL that receives alerts as JSON', secret: true },
  {
    name: 'RELAIS_ALERT_CHAT',
    meaning:
      'https URL of an incoming webhook of Mattermost, Slack, Rocket.Chat or Google Chat that receives alerts as text',
    secret: true,
  },
  { name: 'RELAIS_ALERT_SMTP_URL', meaning: 'smtp(s):// server for alert mails', secret: true },
  { name: 'RELAIS_ALERT_MAIL_TO', meaning: 'mailbox of the support team' },
  { name: 'RELAIS_ALERT_MAIL_FROM', meaning: 'sender of alert mails' },
  {
    name: 'RELAIS_EVENTS_WEBHOOK',
    meaning: 'https URL that is told what was delivered, failed, was held or needs a person, signed',
    secret: true,
  },
  {
    name: 'RELAIS_EVENTS_SECRET',
    meaning:
      'whsec_ and base64 that signs it; several while it changes, newest first; or RELAIS_EVENTS_SECRET_FILE',
    secret: true,
  },
  {
    name: 'RELAIS_MAIL_SMTP_URL',
    meaning: 'smtp(s):// server for mails to clients; default: that of the alerts',
    secret: true,
  },
  { name: 'RELAIS_MAIL_FROM', meaning: 'sender of mails to clients; default: that of the alerts' },
  { name: 'RELAIS_CENTRE_NAME', meaning: "the centre's name, as letters to persons and proofs bear it" },
  {
    name: 'RELAIS_REGISTER_FILE',
    meaning: 'the register of processing, sub-processors and places of data (YAML): `relais register page`',
  },
  { name: 'RELAIS_DPO_NAME', meaning: 'the data protection officer, as every mail to a client names them' },
  {
    name: 'RELAIS_DPO_MAIL_TO',
    meaning: 'mailbox that gets a copy of every note; default: the mailbox for rights',
  },
  {
    name: 'RELAIS_RIGHTS_MAILBOX',
    meaning: 'mailbox for requests about rights, as every mail to a client names it',
  },
  {
    name: 'RELAIS_BOUNCES_URL',
    meaning: 'imaps://user:password@host:993/INBOX of the mailbox that send.returnPath leads to',
    secret: true,
  },
  {
    name: 'RELAIS_BOUNCES_SECONDS',
    meaning: 'pause between two readings of that mailbox',
    fallback: '60',
  },
  {
    name: 'RELAIS_PHONE_PROOFS_DIR',
    meaning: 'folder for proofs of phone consent, written before leads are deleted; required in production',
  },
  {
    name: 'RELAIS_PHONE_PROOFS_RECIPIENT',
    meaning: 'age recipient (age1...) these files are encrypted for; required in production',
  },
  { name: 'RELAIS_BACKUP_DIR', meaning: 'folder that `relais backup run` writes to' },
  {
    name: 'RELAIS_BACKUP_RECIPIENT',
    meaning: 'age recipient (age1...) backups are encrypted for; its key stays off this host',
  },
  {
    name: 'RELAIS_ERASURE_LEDGER_DIR',
    meaning:
      'folder of the ledger of erasures, outside the database; for each host with a planner, needed by backups',
  },
  {
    name: 'RELAIS_LOG_ARCHIVES_DIR',
    meaning: 'folder of the archives of the log, for backups; needed once months were archived',
  },
  {
    name: 'RELAIS_READ_ONLY',
    meaning: 'yes: no process changes the database, and nothing is sent',
    fallback: 'no',
  },
  {
    name: 'RELAIS_ACTOR',
    meaning:
      'who works at the terminal, where the system keeps no login or beside RELAIS_FACTOR_CODE; default: the system user',
  },
  {
    name: 'RELAIS_TERMINAL_FACTOR',
    meaning: 'yes: commands that read persons need RELAIS_FACTOR_CODE of an account that may',
    fallback: 'no',
  },
  {
    name: 'RELAIS_FACTOR_CODE',
    meaning: 'code of the second factor of the account that RELAIS_ACTOR names, for one command',
    secret: true,
  },
];
