// Words for the present sending state of a destination: stopped, held, quiet, one at a time, or normal.
// Invariant: names no past moment, and agrees with domain/send-policy.
import { sendsFiles } from '../../connectors/index.ts';
import type { Circuit } from '../domain/breaker.ts';
import { paceOf } from '../domain/breaker.ts';
import { closedFor, isStopped } from '../domain/send-policy.ts';
import type { SendingHours } from '../domain/sending-hours.ts';
import type { Destination, DestinationState } from '../store/destinations.ts';
import type { Both } from './words.ts';
import { paris } from './paris-time.ts';

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
