// Opens a request: the prospect's right, the found leads, the demand, the term. The client gets a mail that names no person.
// Invariant: one transaction; the details that identify the person are kept under the request's own key and nowhere else.
import { queueClientMail } from '../../client-mails/queue.ts';
import { civilDate, frenchDate } from '../../domain/civil-date.ts';
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { optInsNamed } from '../../domain/opposition.ts';
import { dueAt, kindWords, lastDay, takesBack, type RequestKind } from '../../domain/requests.ts';
import { RelaisError } from '../../errors.ts';
import type { Sql } from '../../store/database.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { lockClients } from '../../store/client-locks.ts';
import type { RequestKey } from '../../store/secrets.ts';
import { refuseIn } from '../../store/people/persons-names.ts';
import { addSubjects, changeRequest, insertRequest, type Request } from '../../store/people/requests.ts';
import { findPerson, type FoundPerson, type PersonAsked } from '../person/find.ts';
import { inTheirSpace, noteAct, requestName, type RequestDeps } from './deps.ts';
import { keepDemand, refuseUnfit, type Demand } from './documents.ts';

export interface NewRequestOrder extends PersonAsked {
  readonly kind: RequestKind;
  /** Time at which it reached the centre or the client, whichever was first; now when absent. */
  readonly receivedAt?: Date;
  /** Opt-ins of an objection or a withdrawal; where the person names none, all of them. */
  readonly optIns?: {
    readonly purposes?: readonly ConsentPurpose[];
    readonly channels?: readonly ConsentChannel[];
  };
  readonly demand?: Demand;
  /** How the identity was checked. */
  readonly identity?: string;
  readonly actor: string;
  /** The reason, in the words of the actor; for the log. */
  readonly note?: string;
}

export type Opened = Awaited<ReturnType<typeof openRequest>>;

/** Older requests are long answered: a mistyped year must not pass. */
const oldestMs = 366 * 86_400_000;

/** @throws FIND-001, REQUEST-002, REQUEST-005 */
export async function openRequest(deps: RequestDeps, order: NewRequestOrder) {
  if (order.demand !== undefined) refuseUnfit(order.demand);
  // A person without a lead or row is known only by the given name.
  const { lastName = null, firstName = null } = order.name ?? {};
  refuseIn(`${order.identity ?? ''} ; ${order.note ?? ''}`, [{ lastName, firstName }]);
  return deps.database.transaction(async (tx) => {
    // A request that is opened where its client has left would be followed nowhere.
    await lockClients(tx, [order.clientId], 'alone');
    const person = await findPerson(tx, deps.oppositionKey, order);
    const now = tx.now();
    const receivedAt = order.receivedAt ?? now;
    if (receivedAt > now || now.getTime() - receivedAt.getTime() > oldestMs)
      throw new RelaisError('REQUEST-002', [
        'Une demande de droits a été reçue dans l’année qui précède, et pas à l’avenir.',
        'A request was received within the last year, and not in the future.',
      ]);
    const due = dueAt(receivedAt, false);
    const { clientId, kind, actor } = order;
    const id = await insertRequest(tx, {
      clientId,
      kind,
      receivedAt,
      dueAt: due,
      openedAt: now,
      openedBy: actor,
      optIns: takesBack(kind)
        ? optInsNamed(order.optIns ?? {})
            .map(({ purpose, channel }) => `${purpose}.${channel}`)
            .join(' ')
        : '',
    });
    await listFound(tx, id, person);
    const key = await deps.requestSecrets.create(tx, id);
    await changeRequest(tx, id, {
      asked: sealAsked(key, order),
      ...(order.identity === undefined ? {} : identityOf(order.identity, actor, now)),
    });
    if (order.demand !== undefined) await keepDemand(tx, key, id, { demand: order.demand, actor });
    await logOpening(tx, { id, clientId, actor, what: `opened:${kind}`, note: order.note ?? '' }, person);
    await tellContact(tx, deps, { id, clientId, kind, receivedAt });
    return { id, dueAt: due, person };
  });
}

export const identityOf = (
  how: string,
  actor: string,
  now: Date,
): Pick<Request, 'identityCheckedAt' | 'identityCheckedBy' | 'identityHow'> => ({
  identityCheckedAt: now,
  identityCheckedBy: actor,
  identityHow: how,
});

/** A look-up of a person is an entry for each lead, as everywhere (C39). */
async function logOpening(
  tx: Sql,
  {
    id,
    clientId,
    actor,
    what,
    note,
  }: { id: number; clientId: string; actor: string; what: string; note: string },
  { leads }: FoundPerson,
): Promise<void> {
  await noteAct(tx, { request: { id, clientId }, actor, what, note });
  await appendHandovers(
    tx,
    leads.map(({ leadId }) => ({
      entry: 'looked_up' as const,
      clientId,
      leadId,
      actor,
      purpose: requestName(id),
    })),
  );
}

/** A subject already listed keeps its decision. Returns how many are new. */
export const listFound = (tx: Sql, id: number, { leads, refused }: FoundPerson): Promise<number> =>
  addSubjects(tx, id, [
    ...leads.map(({ leadId, found }) => ({ kind: 'lead' as const, subjectId: leadId, found })),
    ...refused.map(({ row, found }) => ({ kind: 'row' as const, subjectId: Number(row), found })),
  ]);

type Asked = Pick<PersonAsked, 'email' | 'phones' | 'references' | 'name'>;

const sealAsked = (key: RequestKey, { email, phones, references, name }: PersonAsked): Buffer =>
  key.seal('asked', Buffer.from(JSON.stringify({ email, phones, references, name })));

/** Details that identify the person; undefined once the request's own retention is over. */
export async function readAsked(
  sql: Sql,
  { requestSecrets }: Pick<RequestDeps, 'requestSecrets'>,
  { id, clientId, asked }: Request,
): Promise<PersonAsked | undefined> {
  const key = asked === null ? undefined : await requestSecrets.read(sql, id);
  const plain = asked === null ? undefined : key?.open('asked', asked);
  return plain === undefined ? undefined : { clientId, ...(JSON.parse(plain.toString()) as Asked) };
}

async function tellContact(
  tx: Sql,
  deps: RequestDeps,
  { id, clientId, kind, receivedAt }: Pick<Request, 'id' | 'clientId' | 'kind' | 'receivedAt'>,
): Promise<void> {
  const last = lastDay(receivedAt, false);
  const term =
    last < civilDate(tx.now())
      ? `devait lui être apportée au plus tard le ${frenchDate(last)} : elle est à apporter sans délai`
      : `doit lui être apportée au plus tard le ${frenchDate(last)}`;
  await queueClientMail(tx, {
    clientId,
    kind: 'request',
    key: `request-${id}`,
    to: ['contact'],
    subject: `Demande n° ${id} d’un prospect : ${kindWords[kind].fr}`,
    paragraphs: [
      `Nous avons reçu d’un de vos prospects une demande relative à ses droits (${kindWords[kind].fr}). Elle porte le n° ${id} ; une réponse ${term}.`,
      `Ce message ne nomme personne. Après vous être identifié, vous lirez la copie de la demande ${inTheirSpace(deps, id)}. Vous y déclarerez aussi, une fois la personne informée, que c’est fait.`,
      'Nous vous dirons ce qui a été fait dans nos bases, et ce qui reste à faire dans les vôtres.',
    ],
  });
}
