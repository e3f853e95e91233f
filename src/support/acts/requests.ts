// The acts on a request of a person: open it, apply it, answer it, extend its term, note what others said of it, lift it, close it.
// Invariant: within the actor's scope; src/privacy/requests judges each under the lock of its request, and enters it in the log.
import type { Permission } from '../../access/permissions.ts';
import type { RequestOutcome } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import { unknownRequest } from '../../errors/unknown.ts';
import type { AccessOrder } from '../../privacy/requests/access.ts';
import type { Demand } from '../../privacy/requests/documents.ts';
import type { NewRequestOrder, Opened } from '../../privacy/requests/open.ts';
import type { Requests } from '../../privacy/requests/requests.ts';
import type { Selection } from '../../privacy/requests/selection.ts';
import type { Corrections } from '../../privacy/requests/deps.ts';
import type { Database } from '../../store/database.ts';
import { findRequest } from '../../store/people/requests.ts';
import { existing, withinScope } from '../place.ts';
import { typedReason } from '../typed-text.ts';
import {
  choice,
  evidence as anyEvidence,
  flag,
  handedOver,
  reason,
  textOf,
  type Act,
  type Field,
} from './act.ts';

interface RequestPlace {
  readonly database: Database;
  readonly requests: Requests;
}

/** An act on the request of that number. @throws FIND-001 */
const onRequest = <Input extends object, Done>(
  fields: Act<Input, Done>['fields'],
  work: (requests: Requests, id: number, by: Input & { readonly actor: string }) => Promise<Done>,
  permission: Permission = 'request.work',
): Act<Input, Done, RequestPlace> => ({
  permission,
  fields,
  work: async ({ place: { database, requests }, by: { scope, actor }, to: [name = ''], input }) => {
    const number = /^\d{1,15}$/.test(name) ? Number(name) : 0;
    const { id } = existing(scope, await findRequest(database, number), unknownRequest(name));
    return work(requests, id, { ...input, actor });
  },
});

const evidence: Field<string> = {
  ...anyEvidence,
  hint: [
    'Ce qui l’atteste : un e-mail et sa date, un ticket. Ne nommez personne.',
    'The evidence: a mail and its date, a ticket. Names nobody.',
  ],
};

/** A reason that is not always asked for. */
const sometimes = (field: Field<string>): Field<string | undefined> => ({
  ...field,
  isOptional: true,
  read: (given, where) => (textOf(given).trim() === '' ? undefined : typedReason(textOf(given), where)),
});

const identity = sometimes({
  ...evidence,
  help: 'how the identity was checked, where it was not said before',
  words: ['Comment l’identité a été vérifiée', 'How the identity was checked'],
});
/** Opens one for a person of the client that is named. @throws FIND-001, REQUEST-002, REQUEST-005 */
export const openRequest: Act<OpenInput, Opened, RequestPlace> = {
  permission: 'request.work',
  fields: {
    order: handedOver<OpenInput['order']>(
      { type: 'object' },
      'kind of request, and what the person is found by',
    ),
    identity,
  },
  work: async ({ place, by: { scope, actor }, to: [clientId = ''], input: { order, identity: how } }) => {
    withinScope(scope, { client: clientId });
    return place.requests.open({ ...order, clientId, actor, identity: how });
  },
};
interface OpenInput {
  readonly order: Omit<NewRequestOrder, 'clientId' | 'identity' | 'actor'>;
  readonly identity: string | undefined;
}

const demand = handedOver<Demand>({ type: 'object' }, 'name and bytes of the document');
/** @throws FIND-001, REQUEST-001, REQUEST-005 */
export const addDemand = onRequest({ demand }, (requests, id, by) => requests.addDemand(id, by));

const selection = handedOver<Selection | undefined>(
  { type: 'object' },
  'leads and refused rows that are meant; without it an interrupted act continues',
);
const corrections = handedOver<Corrections>({ type: 'object' }, 'values of a rectification, by column');

/** @throws FIND-001, REQUEST-001, REQUEST-002, REQUEST-003 */
export const applyRequest = onRequest({ selection, corrections, identity }, (requests, id, by) =>
  requests.apply(id, by),
);

/** Keeps the answer sealed for a day. @throws FIND-001, LOG-003, REQUEST-001, REQUEST-002, REQUEST-003 */
export const prepareAnswer = onRequest({ selection, identity }, (requests, id, by) =>
  requests.prepareAnswer(id, by),
);

type Answer = Omit<AccessOrder, 'selection' | 'identity' | 'actor'>;
const answer = handedOver<Answer>(
  { type: 'object' },
  'the file: its name, its keys, and how it is given out',
);
/** Makes the answer, gives it out and notes it. @throws FIND-001, LOG-003, REQUEST-001, REQUEST-002, REQUEST-003 */
export const answerAccess = onRequest(
  { selection: handedOver<Partial<Selection>>(selection.schema, selection.help), identity, answer },
  (requests, id, { answer: file, ...by }) => requests.access(id, { ...by, ...file }),
);

/** @throws FIND-001, REQUEST-001, REQUEST-002 */
export const noteAnswered = onRequest({ evidence, identity }, (requests, id, by) =>
  requests.answered(id, by),
);

/** Returns the new end of the term. @throws FIND-001, REQUEST-001 */
export const extendTerm = onRequest({ reason }, (requests, id, by) => requests.extend(id, by));

const destination: Field<string> = {
  schema: { type: 'string', minLength: 1 },
  help: 'which recipient',
  words: ['Destinataire', 'Recipient'],
  read: (given, where) => {
    if (textOf(given) === '')
      throw new RelaisError('USAGE-001', [
        'Nommez la destination de ce destinataire.',
        `Name the recipient's destination with ${where}.`,
      ]);
    return textOf(given);
  },
};
/** The letter to a recipient; one with values is an entry of the log. @throws FIND-001 */
export const writeLetter = onRequest(
  { destination },
  (requests, id, { destination: destinationId, actor }) => requests.letter(id, { destinationId, actor }),
  'request.read',
);

const explained = flag('there will be no acknowledgement; the evidence says why', [
  'Il n’y en aura pas : la preuve indique pourquoi',
  'There will be none: the evidence says why',
]);

/** Returns the leads that it settles. @throws FIND-001, REQUEST-001 */
export const acknowledgeRequest = onRequest(
  { destination, explained, evidence },
  async (requests, id, { destination: destinationId, explained: isExplained, ...by }) => ({
    destinationId,
    leads: await requests.acknowledge(id, { ...by, destinationId, isExplained }),
  }),
);

const informed = (permission: Permission) =>
  onRequest({ evidence }, (requests, id, by) => requests.declareInformed(id, by), permission);
/** The officer notes the client's declaration that the person was informed (C25). @throws FIND-001, REQUEST-001 */
export const noteInformed = informed('request.work');
/** The client declares it itself. */
export const declareInformed = informed('request.own');

/** @throws FIND-001, REQUEST-001 */
export const liftRestriction = onRequest(
  { evidence: { ...evidence, help: 'that the person was informed, and when; it names no person' } },
  (requests, id, by) => requests.lift(id, by),
);

const outcome = choice<RequestOutcome>(
  {
    done: ['faite', 'done'],
    refused: [
      'refusée, avec un motif communiqué à la personne',
      'refused, with a reason that the person receives',
    ],
  },
  'how it ends',
  ['Issue', 'Outcome'],
);
const why = sometimes({ ...reason, help: 'of a refusal: why nothing is done; mandatory then' });

/** Returns its outcome. @throws FIND-001, REQUEST-002 for a refusal without a reason, REQUEST-004 */
export const closeRequest = onRequest({ outcome, reason: why }, (requests, id, by) =>
  requests.close(id, { ...by, reason: by.reason ?? '' }).then(() => by.outcome),
);

/** Names on its leads, each look in the log. @throws FIND-001 */
export const showNames = onRequest({ reason }, (requests, id, by) => requests.names(id, by));

/** Without it the newest. */
const document = handedOver<number | undefined>({ type: 'integer' }, 'number of the document');

/** Takes a document out of its seal. @throws FIND-001, REQUEST-005 */
export const copyDocument = onRequest(
  { document, reason },
  (requests, id, by) => requests.copy(id, by),
  'request.read',
);

/** The same for the client of the request: its demand, and never the answer, which the officer gives out. */
export const copyOwnDemand = onRequest(
  { document, reason },
  async (requests, id, by) => {
    const { demands } = await requests.show(id);
    const demand = demands.find((one) => one.document === by.document && one.kind === 'demand');
    return requests.copy(id, { ...by, document: demand?.document ?? 0 });
  },
  'request.own',
);
