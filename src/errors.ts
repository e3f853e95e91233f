// Catalogues the errors that people can get: stable code, meaning, remedy. A test compares docs/errors.md with it.
// Invariant: an error's message never contains a prospect's data; details are names, codes, positions.
import { privacyErrors } from './errors/privacy.ts';

export const catalogue = {
  ...privacyErrors,
  'CONFIG-001': [
    'The configuration is incomplete or wrong.',
    'Correct every variable listed in the message; `relais config` prints what is in force.',
  ],
  'CONFIG-002': [
    'The configuration is not allowed in production.',
    'Use TLS, https recipients and an account bound to an address, as docs/operations.md describes.',
  ],
  'DB-001': [
    'The database cannot be reached.',
    'Check RELAIS_MYSQL_URL, or the variable or option the message names, and that the server answers.',
  ],
  'DB-002': [
    'The database schema is not the one this version needs.',
    'Run `relais migrate` with the owner account. Where the schema is the newer one, use the newer program: there is no migration backwards.',
  ],
  'DB-003': [
    'A migration that has already run was changed afterwards.',
    'Restore the migration file of the version that ran; write a new migration for changes.',
  ],
  'DB-004': [
    'Another process holds the migration lock.',
    'Wait for it to end, or find it with SHOW PROCESSLIST.',
  ],
  'DB-005': [
    'A migration stopped half-way.',
    'Correct what the message names, then run `relais migrate` again: it continues where it stopped. Until it has ended no gateway of this version starts.',
  ],
  'DB-006': [
    'The database answers, and takes nothing now.',
    'Try again later. Where it lasts: it is read-only, its disk is full, a lock is held too long, or an account lacks a right.',
  ],
  'DB-007': [
    'Relais reads only: RELAIS_READ_ONLY=yes, or the database was restored and no person has opened it.',
    'Wait until the work is over; after a restore `relais restore open` opens the gateway.',
  ],
  'REDIS-001': [
    'This Redis belongs to another installation, or to another life of this database.',
    'Give each installation its own Redis or RELAIS_REDIS_PREFIX. After a restore, or when the other one is gone for good: `relais redis adopt`, as docs/operations.md says under "Redis belongs to another".',
  ],
  'REDIS-002': [
    'Redis cannot be reached, or refuses the account.',
    'Correct user and password in RELAIS_REDIS_URL (percent-encoded, redis://:password@host), or in the file RELAIS_REDIS_PASSWORD_FILE names, and check that the server answers.',
  ],
  'KEY-001': [
    'A key needed to read or write protected content is missing or wrong.',
    'Give RELAIS_MASTER_KEY and RELAIS_SEAL_KEY the values this database was created with.',
  ],
  'KEY-002': [
    'A configured key is not the one this database knows; nothing was started.',
    'Give RELAIS_MASTER_KEY and RELAIS_SEAL_KEY the values this database was created with; to change them follow docs/operations.md, "Changing a key".',
  ],
  'KEY-003': [
    'An earlier key is still needed, and is not configured.',
    'Put it back into the variable the message names; `relais keys status` says what needs it.',
  ],
  'KEY-004': [
    'A key cannot be changed while a running process lacks the new one; nothing was changed.',
    'Give the processes named the new key beside the earlier one and restart them, or stop them (one that was killed is forgotten after 20 seconds); then run the command again. docs/operations.md, "Changing a key".',
  ],
  'USAGE-001': ['The command was not understood.', 'Run the command with --help.'],
  'USAGE-002': [
    'A confirmation or a reason is missing.',
    'Add the option the message names (--reason, --note) and, for a bulk action, --yes after reading the count.',
  ],
  'SANDBOX-001': [
    'The sandbox of a destination leads to production; nothing was sent.',
    'Correct `sandbox:` in the mapping file and the secrets it names, or use --local.',
  ],
  'SANDBOX-002': [
    "A stored lead may not be sent to the client's sandbox: no live authorisation names it.",
    'Send a sample, use --local, or have the sandbox authorised (`relais authorisation grant`).',
  ],
  'FIND-001': ['Nothing of that name exists.', 'Check the spelling; the list commands show what exists.'],
  'FILE-001': [
    'A file cannot be written there.',
    'EROFS: the folder is read-only, as all of a container is but its volumes; name one that can be written (/archives in docker-compose.yml). ENOSPC: the disk is full.',
  ],
  'ACCESS-001': [
    'An account, a password or a key cannot be made like this.',
    'The message says what is wrong; nothing was changed. docs/accounts.md has the rules.',
  ],
  'ACCESS-002': [
    'The sign-in was refused.',
    'Check login, password and code; after several tries wait as long as the message says. An administrator gives a new code by `relais account reset`.',
  ],
  'ACCESS-003': [
    'The account or the key may not do this.',
    'docs/accounts.md says which role may; an administrator gives roles by `relais account roles`.',
  ],
  'LEAD-004': [
    'The lead has been erased.',
    'Nothing leaves for an erased lead; a new request needs a new reference.',
  ],
  'LEAD-005': [
    'The row was refused for what is written in it.',
    'Its sender inserts a corrected row; only rows refused as SET_ASIDE or INTERNAL can be taken in again as they are.',
  ],
  'LEAD-006': [
    'Processing of the lead is restricted at the request of the person.',
    'Nothing of it leaves until the restriction is lifted: `relais request list` names the request.',
  ],
  'IMPORT-001': [
    'The file cannot be imported.',
    'Correct the file as the message says; nothing was written.',
  ],
  'MAPPING-001': [
    'The mapping has errors.',
    'Run `relais mapping check`: it lists them all with line and column.',
  ],
  'MAPPING-002': ['No mapping version is published for the destination.', 'Run `relais mapping publish`.'],
  'MAPPING-003': [
    'Production publishes neither an address in clear nor a client without C51 and C52.',
    'Write https://, and complete client.yaml: `relais client check CLIENT --files` says item by item what to do. It can be tried before: `relais mapping send --sandbox`, or RELAIS_ENV=development.',
  ],
  'MAPPING-004': [
    'The mapping would end deliveries that wait, because its `accepts` does not take their leads.',
    'Correct `accepts`, or confirm their end with --yes; the first version that takes the leads again brings them back.',
  ],
  'MAPPING-006': [
    'A notice that prospects have been given is in client.yaml with other words (C14).',
    'Put the earlier words back, and give the new ones a version of their own.',
  ],
  'CLIENT-001': [
    "The end of a client's contract does not allow this, or not yet.",
    '`relais client close CLIENT` says how far it has come, and which recipients are still to be informed.',
  ],
  'REPLAY-001': [
    'The delivery cannot be replayed in its state.',
    'Repair what the reason names (`relais delivery show`); `--again` or `--accept-doubles` asks for it all the same.',
  ],
  'REPLAY-002': [
    'The delivery cannot be cancelled in its state.',
    'A delivery being sent or already at its end cannot be cancelled.',
  ],
  'TASK-001': [
    'The task cannot be closed.',
    'Only a failed delivery or an open alert is closed; `relais task list` shows what is open.',
  ],
  'BULK-001': [
    'The bulk run is at its end.',
    'Nothing is left to stop: `relais bulk show` says what it did, and who cancelled it.',
  ],
  'BULK-002': [
    'The filter matches another number of deliveries than was confirmed.',
    'Count again, look at the plan, and confirm the number as it is now.',
  ],
  'RESOLVE-001': [
    'The outcome of the delivery is not open.',
    'Only what waits for a decision (`unknown_hold`), or ended while it may have arrived, is resolved; read `relais delivery show`.',
  ],
  'RESOLVE-002': [
    'The reference may not be kept.',
    'Give the number of the record in the recipient\u2019s system, or leave `--reference` out.',
  ],
  'DEST-001': ['The destination is not in a state that allows this.', 'Read `relais destination list`.'],
  'DEST-002': [
    'A destination may not change its connector while deliveries are on their way by the old one.',
    'Let files that wait for another try leave, or cancel them; suspend, wait until nothing is on its way, publish, resume.',
  ],
  'LOG-001': [
    'The hand-over log has been altered.',
    'Keep the database as it is and follow docs/operations.md, "The log does not verify".',
  ],
  'LOG-002': [
    'An archive of the log is missing, or is not the file that was written.',
    'Put the file back from its copy; meanwhile nothing is removed from MySQL.',
  ],
  'LOG-003': [
    'The entries asked for are in archives of the log, which were not given.',
    'Give the folder of the archives with --archives; it is where `relais log archive --to` wrote them.',
  ],
  'LOG-004': [
    'The log is being verified already.',
    'Wait for its end: the page « Audit » of the console shows how far it is. Nothing was done.',
  ],
  'SERVICE-001': [
    'No MySQL/MariaDB or Redis can be found or started.',
    'Set the URLs, install the servers, start Docker, or run as root on Debian.',
  ],
  'SERVICE-002': [
    'A program or package that the command needs is not installed here.',
    'Install what the message names, then run the command again; with Docker, backups run in their own container: docs/docker.md.',
  ],
  'INTERNAL-001': [
    'A fault of Relais itself.',
    'Report it with the line of the log. A delivery it struck is tried again; a command is not.',
  ],
} as const satisfies Readonly<Record<string, readonly [meaning: string, remedy: string]>>;

export type ErrorCode = keyof typeof catalogue;

export const remedyOf = (code: ErrorCode): string => catalogue[code][1];

/** One sentence in French and in English, made of the same values. */
export type BothSentences = readonly [fr: string, en: string];

/** An error for people to read. `message` says what happened and where; the catalogue has the remedy. */
export class RelaisError extends Error {
  readonly code: ErrorCode;
  /** The message for French support; undefined when only the operator of the gateway gets it. */
  readonly french: string | undefined;
  constructor(code: ErrorCode, message: string | BothSentences, options?: { cause?: unknown }) {
    super(typeof message === 'string' ? message : message[1], options);
    this.name = 'RelaisError';
    this.code = code;
    this.french = typeof message === 'string' ? undefined : message[0];
  }
}

export function isRelaisError(error: unknown): error is RelaisError {
  return error instanceof RelaisError;
}

/**
 * OpenSSL's words for a refused certificate of one of our servers, which name no person, with the remedy; undefined for another error.
 */
export function certificateFault(error: unknown): string | undefined {
  const { message = '' } = (error ?? {}) as { message?: string };
  const fault =
    /^(self-signed certificate(?: in certificate chain)?|unable to (?:verify|get) [a-z ]*certificate|certificate (?:has expired|is not yet valid)|Hostname\/IP does not match certificate's altnames)/.exec(
      message,
    )?.[1];
  if (fault === undefined) return undefined;
  return `certificate not accepted (${fault}): name the authority that signed it in RELAIS_CA_FILE, and connect by a name that it holds`;
}

/** The loggable part of a foreign error: its code or class name, never its message (messages quote data). */
export function foreignCode(error: unknown): string {
  if (isRelaisError(error)) return error.code;
  if (typeof error === 'object' && error !== null) {
    const { code, errno, name } = error as { code?: unknown; errno?: unknown; name?: unknown };
    if (typeof errno === 'number' && errno > 0) return `SQL_${errno}`;
    if (typeof code === 'string' && /^[A-Z0-9_.-]{1,64}$/i.test(code)) return code;
    if (typeof name === 'string' && /^[A-Za-z]{1,64}$/.test(name)) return name;
  }
  return 'UNKNOWN';
}

/** True when the operating system refused it (rights, disk, descriptors): the content is not the cause. */
export const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  typeof (error as { syscall?: unknown } | undefined)?.syscall === 'string';
