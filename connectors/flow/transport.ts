// One way to a place for files: what a file may say of its server, and how the place is opened.
// Invariant: what depends on the protocol stands behind this type; the rest of the flow knows a drop and nothing else.
import type { JsonSchema, SendContext, SettingsProblem, SignedRow } from '../contract.ts';
import type { Tls } from '../access/tls.ts';
import type { Deadline } from '../guard.ts';
import type { Drop } from './drop.ts';

/** What of the `file` block a server's rules may look at. */
export interface Around {
  readonly to: string;
  readonly tempSuffix?: string;
  readonly marker?: string;
}

export interface Transport<Server> {
  /** How `to` begins. */
  readonly scheme: 'sftp' | 'ftps' | 'https' | 's3' | 'local';
  /** Whether the `server` block is one of this kind; the first in the table that says so. */
  readonly isOf: (server: object) => boolean;
  readonly schema: JsonSchema;
  /** Said where `to` begins with another scheme. */
  readonly misplaced: string;
  /** Rules a schema cannot say; paths begin at the `file` block. Pure. */
  readonly problems: (server: Server, around: Around) => readonly SettingsProblem[];
  /** What is allowed and proves less than it seems to. Pure. */
  readonly doubts?: (server: Server) => readonly SettingsProblem[];
  /** Names it dials, the file's own first; none for a folder of this machine. */
  readonly hosts: (server: Server) => readonly string[];
  /** JSON pointers to addresses over which files would travel in clear. */
  readonly inClear?: (server: Server) => readonly string[];
  /** Server and the account's root on it, in a form that can be compared. @param resolve gives what stands behind `secret:NAME` */
  readonly root: (server: Server, resolve: (text: string) => string) => string;
  /** A path below the place, as the drop takes it; the same when absent. */
  readonly pathOf?: (server: Server, path: string) => string;
  /** All texts that may be `secret:NAME`. */
  readonly secrets: (server: Server) => readonly (string | undefined)[];
  readonly tls?: (server: Server) => Tls | undefined;
  /** Rows of the document a client signs, besides those of every file. */
  readonly words?: (server: Server) => readonly SignedRow[];
  /** Loads what only `open` needs. */
  readonly load?: () => Promise<unknown>;
  /** Rejects with a DropFailure. */
  readonly open: (server: Server, context: SendContext, deadline: Deadline) => Promise<Drop>;
}

/** Gives a transport its server's type once and erases it for the table. */
export const defineTransport = <Server>(transport: Transport<Server>): Transport<unknown> =>
  transport as unknown as Transport<unknown>;
