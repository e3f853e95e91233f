// Types of the stand-in for the client's recipient in a trial on this machine.
// Invariant: a trial can connect only to servers started for it, and has no real secret.

/** A server started for a trial, on loopback. */
export interface StandInServer {
  readonly port: number;
  /** Authority to trust, PEM; absent without TLS. */
  readonly authority?: string;
  /** Fingerprint of an SSH server. */
  readonly hostKey?: string;
  /** Sets the answer from now on; absent where the protocol has none. */
  readonly answerWith?: (answer: StandInAnswer) => void;
  readonly received: () => { readonly count: number };
  readonly close: () => Promise<void>;
}

export interface StandInAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Servers the sandbox provides. A connector of another protocol starts its own. */
export interface StandInServers {
  /** Login of the mailbox and of the SFTP account. */
  readonly login: { readonly user: string; readonly password: string };
  readonly http: (hosts: readonly string[], options: { readonly tls: boolean }) => Promise<StandInServer>;
  readonly mailbox: (host: string, addresses: readonly string[]) => Promise<StandInServer>;
  /** @param place folder below the login's home; created */
  readonly sftp: (place: string) => Promise<StandInServer>;
  /** A folder of this machine. @param place below the trial's own; created. @returns the trial's own folder */
  readonly folder: (place: string) => string;
}

export interface StandIn<Settings> {
  /** Absent where no connection is opened. */
  readonly server?: StandInServer;
  /** Names that resolve to the server; no other name resolves. */
  readonly hosts: readonly string[];
  /** The file's own settings, redirected to the server. */
  readonly settingsOf: (settings: Settings) => Settings;
  /** A placeholder in the form that the secret's setting requires. */
  readonly secret: (name: string) => string | undefined;
  readonly allowedTargets: readonly string[];
}

/** Host of a trial where the file names none, because its address is a secret. */
export const standInHost = 'sandbox.relais.invalid';
