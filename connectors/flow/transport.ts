// Type of a transport, one way to put files somewhere: the settings of its server, and how to open the place.
// Invariant: everything specific to a protocol is behind this type; the rest of the flow only uses a drop.
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

/** The keys of the `file` block that a server's rules may read. */
export interface Around {
  readonly to: string;
  readonly tempSuffix?: string;
  readonly marker?: string;
  readonly ack?: object;
}

/** A file under its final name, with its mailboxes. */
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

/** How a file is handed over where no place is opened, and its arrival cannot be looked up. */
export interface HandOver<Server> {
  /** Mailboxes that `to` names, in lower case: they are compared with contract and authorisation. */
  readonly targets: (to: string) => readonly string[];
  /** Deliveries in one file at most: it is in memory whole. */
  readonly atMost: (server: Server) => number;
  /** Its name in the check: financial data may not travel this way (C10). */
  readonly way: Both;
  /** The reason why it cannot be looked up, for the check. */
  readonly unaskable: Both;
  /** The lines of a preview. Pure. */
  readonly head: (file: NamedFile, server: Server) => readonly string[];
  readonly send: (file: HandedFile, server: Server, context: SendContext) => Promise<Outcome>;
  readonly test: (server: Server, context: SendContext) => Promise<Tested>;
  readonly close: () => Promise<void>;
  /** For the document a client signs: the transport, and when a lead counts as handed over. */
  readonly transport: Both;
  readonly delivered: Both;
}

export interface Transport<Server> {
  /** Scheme of `to`. */
  readonly scheme: 'sftp' | 'ftps' | 'https' | 's3' | 'mailto' | 'local';
  /** True when the `server` block is of this kind; the first match in the table decides. */
  readonly isOf: (server: object) => boolean;
  readonly schema: JsonSchema;
  /** Message where `to` begins with another scheme. */
  readonly misplaced: Both;
  /** Rules a schema cannot express; paths begin at the `file` block. Pure. */
  readonly problems: (server: Server, around: Around) => readonly SettingsProblem[];
  /** Permitted settings that prove less than they seem to. Pure. */
  readonly doubts?: (server: Server) => readonly SettingsProblem[];
  /** Names it connects to, the file's own first; none for a folder of this machine. */
  readonly hosts: (server: Server) => readonly string[];
  /** JSON pointers to addresses over which files would travel in clear. */
  readonly inClear?: (server: Server) => readonly string[];
  /** Server and the account's root on it, in a comparable form. @param resolve gives the value of `secret:NAME` */
  readonly root: (server: Server, resolve: (text: string) => string) => string;
  /** A path below the place, in the form of the drop; unchanged when absent. */
  readonly pathOf?: (server: Server, path: string) => string;
  /** All texts that may be `secret:NAME`. */
  readonly secrets: (server: Server) => readonly (string | undefined)[];
  readonly tls?: (server: Server) => Tls | undefined;
  /** Rows of the document a client signs, besides those of every file. */
  readonly words?: (server: Server) => readonly SignedRow[];
  /** Loads the packages that only `open` needs. */
  readonly load?: () => Promise<unknown>;
  /** Instead of `open`. */
  readonly handOver?: HandOver<Server>;
  /** Rejects with a DropFailure. */
  readonly open?: (server: Server, context: SendContext, deadline: Deadline) => Promise<Drop>;
}

/** Gives a transport its server's type once and erases it for the table. */
export const defineTransport = <Server>(transport: Transport<Server>): Transport<unknown> =>
  transport as unknown as Transport<unknown>;
