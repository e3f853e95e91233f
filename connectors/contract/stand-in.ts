// The recipient that stands in for the client's in a trial on this machine.
// Invariant: a trial can dial nothing but what was started for it, and holds no real secret.

/** A server started for a trial, on loopback. */
export interface StandInServer {
  readonly port: number;
  /** PEM to trust; absent where there is no TLS. */
  readonly authority?: string;
  /** Fingerprint of an SSH server. */
  readonly hostKey?: string;
  /** Says what it answers from now on; absent where the protocol knows no such answer. */
  readonly answerWith?: (answer: StandInAnswer) => void;
  readonly received: () => { readonly count: number };
  readonly close: () => Promise<void>;
}

export interface StandInAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Servers the sandbox has. A connector of another protocol starts its own. */
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
  /** Absent where nothing is dialled. */
  readonly server?: StandInServer;
  /** Names that lead to the server, and no other name leads anywhere. */
  readonly hosts: readonly string[];
  /** The file's own settings, sent to the server instead. */
  readonly settingsOf: (settings: Settings) => Settings;
  /** A placeholder in the form the place of the secret asks for. */
  readonly secret: (name: string) => string | undefined;
  readonly allowedTargets: readonly string[];
}

/** Host of a trial where the file names none, because its address is a secret. */
export const standInHost = 'sandbox.relais.invalid';
