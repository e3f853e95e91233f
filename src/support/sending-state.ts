// Words for the sending state of a destination, its hours, and the next attempt of a delivery.
// Invariant: names no past moment, and agrees with domain/send-policy.
import { sendsFiles } from '../../connectors/index.ts';
import { paceOf, type Circuit } from '../domain/breaker.ts';
import { closedFor, isStopped, waitsForHours } from '../domain/send-policy.ts';
import { nextOpening, type SendingHours } from '../domain/sending-hours.ts';
import {
  findDestination,
  readStates,
  type Destination,
  type DestinationState,
} from '../store/destinations/destinations.ts';
import { paris, type Both } from './words.ts';
import type { Published } from '../delivery/trip/mapping-cache.ts';
import type { Sql, ReadOnlySql } from '../store/database.ts';
import { readVersions } from '../store/destinations/mapping-versions.ts';
import { splitReason } from '../domain/delivery.ts';
import { begunAmong } from '../store/deliveries/begun-deliveries.ts';
import { carryingRights } from '../store/leads/rights.ts';
import { seenProcesses } from '../store/alerts/processes.ts';
import type { ListedDelivery } from '../store/deliveries/delivery-lists.ts';

/** `closed`: outside its hours; `held`: only probes leave; `quiet`: nothing for a while; `few`: fewer at once than normal. */
export type Sends = 'suspended' | 'closed' | 'held' | 'quiet' | 'few';

export interface SendingState {
  readonly sends: Sends;
  /** In a few words, for a column. */
  readonly short: string;
  /** Continuation of the destination's name. */
  readonly words: Both;
  /** Departure of a lead that waits for it. */
  readonly next: Both;
}

/** Undefined while it sends normally. */
export function sendingStateOf(
  destination: Destination,
  state: DestinationState | undefined,
  hours?: SendingHours,
): SendingState | undefined {
  if (isStopped(destination.status)) return stopped(destination);
  if (state === undefined) return undefined;
  const { circuit, now } = state;
  const outside = closedFor(hours, now);
  if (outside !== undefined) return closed(new Date(now + outside.afterMs));
  const unit = sendsFiles(destination.connector) ? units.file : units.lead;
  if (circuit.state === 'open') return held(circuit, unit, now);
  const quietUntil = circuit.quietUntil ?? 0;
  return quietUntil > now ? quiet(circuit, unit, quietUntil) : few(circuit, unit);
}

function closed(opening: Date): SendingState {
  const when = paris(opening);
  return {
    sends: 'closed',
    short: `nothing before ${when}`,
    words: [
      `est hors de ses horaires d’envoi ; elle ouvre le ${when}`,
      `is outside its sending hours; it opens ${when}`,
    ],
    next: [`à l’ouverture de la destination, le ${when}`, `when the destination opens, ${when}`],
  };
}

/** The unit that leaves at once, singular and plural. */
interface Unit {
  readonly single: Both;
  readonly many: Both;
}
const units = {
  lead: { single: ['un lead', 'one lead'], many: ['leads', 'leads'] },
  file: { single: ['un fichier', 'one file'], many: ['fichiers', 'files'] },
} as const satisfies Readonly<Record<string, Unit>>;

const stopped = ({ status, statusReason }: Destination): SendingState => ({
  sends: 'suspended',
  short: 'nothing',
  words: [
    `est ${status === 'suspended' ? 'suspendue' : 'archivée'} : ${statusReason}`,
    `is ${status}: ${statusReason}`,
  ],
  next:
    status === 'suspended'
      ? [
          `à la reprise de la destination, suspendue (${statusReason})`,
          `when the destination is resumed; it is suspended (${statusReason})`,
        ]
      : [
          `jamais : la destination est archivée (${statusReason})`,
          `never: the destination is archived (${statusReason})`,
        ],
});

/** Cause of an open circuit, in words for support. */
const causes: Readonly<Record<string, Both>> = {
  unavailable: ['elle ne répond pas, ou répond par des erreurs', 'it does not answer, or with errors'],
  unauthorized: [
    'elle refuse notre accès, ou un de nos réglages est à corriger',
    'it refuses our access, or our own set-up is to be repaired',
  ],
  rejection: ['elle refuse tous les leads', 'it refuses every lead'],
  unknown: ['ses réponses ne sont pas comprises', 'its answers are not understood'],
};
const causeOf = ({ cause }: Circuit): Both => causes[cause] ?? [cause, cause];

function held(circuit: Circuit, { single }: Unit, now: number): SendingState {
  const [fr, en] = causeOf(circuit);
  const at = Math.max(circuit.nextProbeAt ?? 0, circuit.quietUntil ?? 0);
  const when = paris(new Date(at));
  const [soon, probe]: Both =
    at <= now
      ? [`${single[0]} part en essai à présent`, `${single[1]} is tried now`]
      : [`prochain essai le ${when}`, `next probe ${when}`];
  return {
    sends: 'held',
    short: at <= now ? 'a probe, now' : `a probe, ${when}`,
    words: [`est en pause automatique : ${fr} ; ${soon}`, `is held: ${en}; ${probe}`],
    next: [
      `quand la destination, en pause automatique (${fr}), accepte de nouveau ; ${soon}`,
      `when the destination, held at present (${en}), accepts again; ${probe}`,
    ],
  };
}

function quiet({ throttles }: Circuit, { single }: Unit, until: number): SendingState {
  const when = paris(new Date(until));
  const [times, again]: Both =
    (throttles ?? 1) > 1 ? [`, ${throttles} fois de suite`, `, ${throttles} times in a row`] : ['', ''];
  return {
    sends: 'quiet',
    short: `nothing before ${when}`,
    words: [
      `n’envoie rien avant le ${when} : le destinataire demande de ralentir${times} ; ensuite ${single[0]} à la fois`,
      `keeps quiet until ${when}: the recipient asks to slow down${again}; then ${single[1]} at a time`,
    ],
    next: [
      `pas avant le ${when} : le destinataire demande de ralentir${times} ; ensuite ${single[0]} à la fois`,
      `not before ${when}: the recipient asks to slow down${again}; then ${single[1]} at a time`,
    ],
  };
}

/** Undefined where nothing limits its sending. */
function few(circuit: Circuit, { single, many: others }: Unit): SendingState | undefined {
  const atOnce = Math.min(
    circuit.state === 'ramping' ? circuit.allowance : Number.POSITIVE_INFINITY,
    paceOf(circuit),
  );
  if (atOnce === Number.POSITIVE_INFINITY) return undefined;
  const [fr, en] = fewBecause(circuit);
  const [count, many]: Both =
    atOnce === 1
      ? [`${single[0]} à la fois`, `${single[1]} at a time`]
      : [`${atOnce} ${others[0]} à la fois`, `${atOnce} ${others[1]} at a time`];
  return {
    sends: 'few',
    short: `${atOnce} at a time`,
    words: [`envoie ${count} : ${fr}`, `sends ${many}: ${en}`],
    next: [`à son tour, ${count} : ${fr}`, `in its turn, ${many}: ${en}`],
  };
}

function fewBecause({ state, untried, pace }: Circuit): Both {
  if (untried === true)
    return [
      'rien n’a encore été accepté depuis un démarrage, une reprise ou un changement d’adresse ou de secret',
      'nothing is accepted yet since a start, a resuming, or another address or secret',
    ];
  if (pace !== undefined)
    return [
      'le destinataire a demandé de ralentir ; le rythme remonte à mesure qu’il accepte',
      'the recipient asked to slow down; more as it accepts',
    ];
  return state === 'ramping'
    ? [
        'elle répond de nouveau ; le rythme remonte à mesure qu’elle accepte',
        'it answers again; more as it accepts',
      ]
    : ['', ''];
}

// Reads the sending hours of destinations, for words about departure times.
// Invariant: the hours in force; a mapping without hours is not compiled to find that out.

/** By destination; one that may send at any hour is left out. */
export async function publishedHours(
  { database, published }: { readonly database: Sql; readonly published: Published },
  destinations: readonly (Destination | undefined)[],
): Promise<ReadonlyMap<string, SendingHours>> {
  const ids = destinations.flatMap((destination) => destination?.mappingVersionId ?? []);
  const found = new Map<string, SendingHours>();
  for (const version of await readVersions(database, ids)) {
    if (!version.sources.includes('hours')) continue;
    const hours = (await published.version(version.id))?.limits.hours;
    if (hours !== undefined) found.set(version.destinationId, hours);
  }
  return found;
}

// Words for the next attempt of an open delivery: a future moment, or the event it waits for.
// Invariant: never promises a past moment, nor one at which its destination may not send.

/** Present sending state of its destination; undefined where it sends normally. */
export async function sendingStateFor(
  sql: ReadOnlySql,
  { destinationId }: ListedDelivery,
  hours?: SendingHours,
): Promise<SendingState | undefined> {
  const destination = await findDestination(sql, destinationId);
  const state = (await readStates(sql, [destinationId])).get(destinationId);
  return destination === undefined ? undefined : sendingStateOf(destination, state, hours);
}

/** Undefined where no attempt will come by itself. */
export async function nextTry(
  sql: ReadOnlySql,
  row: ListedDelivery,
  published?: SendingHours,
): Promise<Both | undefined> {
  if (!['planned', 'queued', 'waiting', 'pending'].includes(row.state)) return undefined;
  // A due time past the limit is no attempt: the delivery waits for a person.
  if (row.state === 'waiting' && (row.dueAt >= row.expiresAt || isDecision(row))) return undefined;
  const state = (await readStates(sql, [row.destinationId])).get(row.destinationId);
  const destination = await findDestination(sql, row.destinationId);
  const hours = await hoursFor(sql, row, published);
  const sending = destination === undefined ? undefined : sendingStateOf(destination, state, hours);
  if (destination !== undefined && destination.status !== 'active') return sending?.next;
  const idle = whoIsMissing(await seenProcesses(sql));
  if (idle !== undefined) return idle;
  const now = state?.now ?? row.dueAt.getTime();
  const isLater = row.dueAt.getTime() > Math.max(now, quietUntilOf(state?.circuit));
  if (sending?.sends === 'closed' && !isLater) return sending.next;
  if (sending !== undefined && sending.sends !== 'closed' && !(isLater && state?.circuit.state !== 'open'))
    return sending.next;
  const opening = hours === undefined ? undefined : nextOpening(hours, Math.max(now, row.dueAt.getTime()));
  if (isLater && opening !== undefined) return [paris(new Date(opening)), paris(new Date(opening))];
  if (isLater) return [paris(row.dueAt), paris(row.dueAt)];
  const { base } = splitReason(row.reason);
  if (base === 'file_held') return ['quand le support aura décidé', 'once support has decided'];
  return base === 'slot' ? ['avec le prochain fichier', 'with the next file'] : ['tout de suite', 'at once'];
}

/** The sending hours this delivery waits for; undefined where it leaves at any hour. */
async function hoursFor(
  sql: ReadOnlySql,
  row: ListedDelivery,
  hours: SendingHours | undefined,
): Promise<SendingHours | undefined> {
  if (hours === undefined) return undefined;
  const carriesRight = (await carryingRights(sql, [row.id])).has(row.id);
  const isBegun = (await begunAmong(sql, [row.id])).has(row.id);
  return waitsForHours(hours, { carriesRight, isBegun }) ? hours : undefined;
}

const quietUntilOf = (circuit: { readonly quietUntil?: number } | undefined): number =>
  circuit?.quietUntil ?? 0;

function whoIsMissing(processes: readonly { readonly role: string }[]): Both | undefined {
  const runs = (role: string): boolean => processes.some((running) => running.role === role);
  if (processes.length === 0)
    return ['aucun : la passerelle ne tourne pas', 'none: the gateway does not run'];
  if (!runs('worker'))
    return ['aucun : aucun processus n’envoie', 'none: no worker runs, so nothing is sent'];
  if (!runs('planner'))
    return [
      'aucun : aucun processus ne prépare les envois',
      'none: no planner runs, so nothing is made ready',
    ];
  return undefined;
}

const isDecision = (row: ListedDelivery): boolean => splitReason(row.reason).base === 'unknown_hold';
