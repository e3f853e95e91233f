// Dependencies and options of the console: the reads and acts of its pages, and its network address.
import type { OidcOptions } from '../access/oidc.ts';
import type { AccessPlace } from '../access/place.ts';
import type { HttpServerOptions } from '../http/server.ts';
import type { Log } from '../log.ts';
import type { Keys } from '../privacy/keys.ts';
import type { ProofDeps } from '../privacy/proofs/prove.ts';
import type { Requests } from '../privacy/requests/requests.ts';
import type { Sealer } from '../privacy/seal.ts';
import type { RotatePlace } from '../support/acts/rotate-secret.ts';
import type { RegisterPlace } from '../support/processing-register.ts';
import type { TestPlace } from '../support/destination-test.ts';
import type { MappingPlace } from '../support/mappings/files.ts';

export interface ConsolePlace extends MappingPlace, Pick<RotatePlace, 'credentials' | 'rotated'> {
  readonly config: MappingPlace['config'] & TestPlace['config'] & RegisterPlace['config'];
  readonly access: AccessPlace;
  /** Requests of persons, from the demand to the closing. */
  readonly requests: Requests;
  readonly sealer: Sealer;
  readonly log: Log;
  /** Public keys that check a proof. */
  readonly keys: Pick<Keys, 'seal'>;
  /** Contact on signed proofs. */
  readonly proofs: Pick<ProofDeps, 'contact'>;
}

export interface ConsoleOptions extends Pick<HttpServerOptions, 'proxies' | 'pem'> {
  readonly place: ConsolePlace;
  readonly log: Log;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The OpenID Connect provider for sign-ins. */
  readonly oidc?: OidcOptions;
}
