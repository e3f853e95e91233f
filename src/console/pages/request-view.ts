// The data from which the parts of a request's page are made.
import type { FastifyRequest } from 'fastify';
import type { PersonName } from '../../domain/person-name.ts';
import type { Piece } from '../../privacy/papers/html.ts';
import type { RequestStory } from '../../privacy/requests/show.ts';
import type { ProofHead } from '../../support/reads/requests.ts';
import type { Say } from '../layout.ts';

export interface RequestView {
  readonly request: FastifyRequest;
  readonly story: RequestStory;
  readonly proofs: readonly ProofHead[];
  /** Words for an actor of the log. */
  readonly nameOf: (actor: string) => string;
  readonly say: Say;
  readonly at: (time: Date | null) => Piece;
  /** Names on its leads, where the officer asked for them with a reason. */
  readonly names?: ReadonlyMap<number, PersonName>;
  /** By the database's clock. */
  readonly now: Date;
}
