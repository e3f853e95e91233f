// What may happen in ten years of one client: the events of the script.
// Invariant: an event says what comes when; whatever depends on what the product did is decided when it has its turn.
import type { Channel, Demand } from './book.ts';
import type { Day } from './plain-rules.ts';

export interface Addresses {
  readonly email?: string;
  readonly mobile?: string;
  readonly landline?: string;
}

export interface Answer {
  readonly channel: Channel;
  readonly state: 'granted' | 'refused' | 'not_asked' | 'withdrawn';
  readonly validUntil?: Date;
}

/** Days after the demand came in; absent: it never happens. */
export interface DemandPlan {
  readonly apply: number;
  readonly acknowledge?: number;
  readonly inform?: number;
  readonly close?: number;
  /** Somebody tries to close it on this day, too early as likely as not. */
  readonly tryClose?: number;
  readonly lift?: number;
}

export type Event =
  | {
      readonly do: 'lead';
      readonly reference: string;
      readonly collectedAt: Date;
      readonly kind: 'one_off' | 'recurring';
      readonly operation?: string;
      readonly addresses: Addresses;
      readonly answers: readonly Answer[];
    }
  | {
      readonly do: 'interaction';
      readonly reference: string;
      readonly kind: string;
      readonly isWanted: boolean;
    }
  | {
      /** A row that the contract refuses, with the addresses of a lead in it. */
      readonly do: 'malformed';
      readonly reference: string;
      readonly spelling: 'as given' | 'national' | 'in a comment';
      readonly isOfOperation: boolean;
    }
  | { readonly do: 'consent'; readonly reference: string; readonly answer: Answer }
  | {
      readonly do: 'operation';
      readonly code: string;
      readonly kind: 'one_off' | 'recurring';
      readonly endsOn?: Day;
      readonly delayDays?: number;
      readonly delayMonths?: number;
      readonly isLater?: boolean;
    }
  | {
      readonly do: 'demand';
      readonly kind: Demand['kind'];
      readonly addresses: Addresses;
      readonly plan: DemandPlan;
    }
  | { readonly do: 'replay'; readonly reference: string };

export type Timed = Event & { readonly at: Date };

export interface ScriptOptions {
  readonly seed: number;
  readonly persons: number;
  readonly start: Day;
  readonly years: number;
  /** This part of the persons use a right. */
  readonly rights: number;
}

export type Write = (day: Day, event: Event) => void;

/** What comes in comes at this time of the day. */
export const slotOf = (day: Day): Date => new Date(`${day}T10:00:00Z`);

/** Invented numbers of the reserved ranges: ten thousand mobiles, ten thousand landlines. */
export const mobileOf = (person: number): string => `+3363998${String(person).padStart(4, '0')}`;
export const landlineOf = (person: number): string => `+3319900${String(person).padStart(4, '0')}`;
export const mailOf = (person: number, more = ''): string => `personne-${person}${more}@courriel.example`;
