// What the model of the protocol knows: rows, workers, what the recipient keeps, what may still happen, and when a state is broken.
// Invariant: a state holds nothing that makes no difference later, or there would be no end of them.
import type { Action, Outcome } from '../../../connectors/contract.ts';
import type { ChangeKind } from '../../../src/delivery/planning/change-rules.ts';
import { isEnd, type DeliveryState } from '../../../src/domain/delivery.ts';

export interface Rules {
  /** `before a wait`: as it was. `with the first byte`: one call compares the lease and writes. */
  readonly compares: 'before a wait' | 'with the first byte';
  /** What arrives late behind an erasure or an update is followed by it once more. */
  readonly tellsAgain: boolean;
  readonly onUnknown: 'resend' | 'lookup';
  /** How often each may happen; 1 each, and leases twice, where it is silent. */
  readonly atMost?: Partial<State['left']>;
}

export interface Row {
  readonly action: Action;
  state: DeliveryState;
  /** Its job is in Redis. */
  job: boolean;
  /** Its lease ran out. */
  lapsed: boolean;
  attempts: 0 | 1;
  /** It departed in this attempt. */
  departed: boolean;
  departures: 0 | 1;
  maybeReceived: boolean;
  askFirst: boolean;
  sentRevision: number;
}

export interface Worker {
  /** Index of its row. */
  readonly row: number;
  readonly step: 'claimed' | 'asked' | 'departed' | 'waits' | 'sent' | 'ended';
  /** By its own clock the lease still runs. */
  lease: boolean;
  /** The row is still under its token. */
  token: boolean;
  readonly content?: Content;
  readonly outcome?: Outcome;
}

export type Content = 'yes' | 'no' | 'erase';

export interface State {
  erased: boolean;
  consent: 'yes' | 'no';
  revision: number;
  /** Changes of the lead that the planner has not read yet. */
  changes: readonly { readonly kind: ChangeKind; readonly revision: number }[];
  rows: readonly Row[];
  workers: readonly (Worker | undefined)[];
  /** What the recipient keeps. */
  kept: 'yes' | 'no' | undefined;
  alerted: boolean;
  /** Something left after what takes it back had been confirmed. */
  leftAfter: boolean;
  /** How often each may still happen. */
  left: { erase: number; withdraw: number; replay: number; flush: number; lapse: number; silence: number };
}

export const planned = (action: Action): Row => ({
  action,
  state: 'planned',
  job: false,
  lapsed: false,
  attempts: 0,
  departed: false,
  departures: 0,
  maybeReceived: false,
  askFirst: false,
  sentRevision: 0,
});

export const first = ({ atMost }: Rules): State => ({
  erased: false,
  consent: 'yes',
  revision: 1,
  changes: [],
  rows: [planned('create')],
  workers: [undefined, undefined],
  kept: undefined,
  alerted: false,
  leftAfter: false,
  left: { erase: 1, withdraw: 1, replay: 1, flush: 1, lapse: 2, silence: 1, ...atMost },
});

/** The same for states that differ in nothing that counts: two workers have no names. */
export function keyOf(state: State): string {
  const workers = state.workers.map((worker) => JSON.stringify(worker) ?? '').sort();
  return JSON.stringify({ ...state, workers });
}

/** Nothing is on its way and nothing is due. */
const isQuiet = ({ rows, workers, changes }: State): boolean =>
  changes.length === 0 &&
  workers.every((worker) => worker === undefined) &&
  rows.every(({ state }) => isEnd(state));

/** Something left after its erasure or withdrawal had been confirmed; or the recipient keeps it in the end, and no person is alerted. */
export const isBroken = (state: State): boolean =>
  state.leftAfter || (isQuiet(state) && !state.alerted && keepsTooMuch(state));

const keepsTooMuch = ({ erased, consent, kept }: State): boolean =>
  kept !== undefined && (erased || (consent === 'no' && kept === 'yes'));

export type Next = readonly [step: string, next: State];
/** A copy in which rows and workers may be written. */
export type Draft = { -readonly [K in keyof State]: State[K] } & {
  rows: Row[];
  workers: (Worker | undefined)[];
};

export function after(state: State, change: (next: Draft) => void): State {
  const next: Draft = {
    ...state,
    rows: state.rows.map((row) => ({ ...row })),
    workers: state.workers.map((worker) => worker && { ...worker }),
    left: { ...state.left },
  };
  change(next);
  return next;
}
