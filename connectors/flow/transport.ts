// One way to a place for files: what a file may say of its server, and how the place is opened.
// Invariant: what depends on the protocol stands behind this type; the rest of the flow knows a drop and nothing else.
import type {
  BatchFacts,
  Both,
  JsonSchema,
  Outcome,
  Parcel,
  SendContext,
  SettingsProblem,
  SignedRow,
  Tested,
} from '../contract.ts';
import type { Tls } from '../access/tls.ts';
import type { Deadline } from '../guard.ts';
import type { Content, Drop } from './drop.ts';

/** What of the `file` block a server's rules may look at. */
export interface Around {
  readonly to: string;
  readonly tempSuffix?: string;
  readonly marker?: string;
  readonly ack?: object;
}

/** A file under its final name, and whom it goes to. */
export interface NamedFile {
  readonly parcel: Parcel;
  readonly batch: BatchFacts;
  readonly name: string;
  readonly targets: readonly string[];
}

export interface HandedFile extends NamedFile {
  readonly mediaType: string;
  readonly content: Content;
  readonly sidecar?: { readonly name: string; readonly content: () => Promise<Content> };
}

/** How a file is handed over where no place is opened, and nobody can look afterwards whether it arrived. */
export interface HandOver<Server> {
  /** Mailboxes that `to` names, in lower case: they are compared with contract and authorisation. */
  readonly targets: (to: string) => readonly string[];
  /** Deliveries in one file at most: it is held whole. */
  readonly atMost: (server: Server) => number;
  /** As the check calls it: financial data may not travel so (C10). */
  readonly way: Both;
  /** Why nobody can be asked about it, in words for the check. */
  readonly unaskable: Both;
  /** For the preview. Pure. */
  readonly head: (file: NamedFile, server: Server) => readonly string[];
  readonly send: (file: HandedFile, server: Server, context: SendContext) => Promise<Outcome>;
  readonly test: (server: Server, context: SendContext) => Promise<Tested>;
  readonly close: () => Promise<void>;
  /** For the document a client signs: how it travels, and what counts as handed over. */
  readonly transport: Both;
  readonly delivered: Both;
}

export interface Transport<Server> {
  /** How `to` begins. */
  readonly scheme: 'sftp' | 'ftps' | 'https' | 's3' | 'mailto' | 'local';
  /** Whether the `server` block is one of this kind; the first in the table that says so. */
  readonly isOf: (server: object) => boolean;
  readonly schema: JsonSchema;
  /** Said where `to` begins with another scheme. */
  readonly misplaced: Both;
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
  /** Instead of `open`. */
  readonly handOver?: HandOver<Server>;
  /** Rejects with a DropFailure. */
  readonly open?: (server: Server, context: SendContext, deadline: Deadline) => Promise<Drop>;
}

/** Gives a transport its server's type once and erases it for the table. */
export const defineTransport = <Server>(transport: Transport<Server>): Transport<unknown> =>
  transport as unknown as Transport<unknown>;
