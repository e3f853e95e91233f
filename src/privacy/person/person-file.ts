// The shape of a person's data at one client; docs/person-export.schema.json documents it for the receiver.
// Invariant: absent stays absent (C13); times are UTC.
import type { Lead } from '../../domain/lead.ts';
import type { RequestKind, RequestState } from '../../domain/requests.ts';
import type { PaperContact } from '../papers/paper.ts';
import type { Reception } from './received.ts';

export const personFormat = 'relais-person-1';

/** Why it was collected: GDPR article 15 or 20. */
export type ExportKind = 'access' | 'portability';

export interface HeldLead extends Pick<
  Lead,
  | 'reference'
  | 'revision'
  | 'channel'
  | 'collectedAt'
  | 'identity'
  | 'project'
  | 'origin'
  | 'financial'
  | 'interactions'
> {
  readonly receivedAt: Date;
  readonly erasedAt?: Date;
  readonly operation?: string;
  readonly operationKind?: string;
  readonly notice?: { readonly version: string; readonly wording?: string };
  readonly consents: readonly HeldConsent[];
  /** Earlier states of the lead that are kept while something may still have to be sent again. */
  readonly earlier: readonly Pick<HeldLead, 'revision' | 'identity' | 'project' | 'origin' | 'financial'>[];
}

export type HeldConsent = Omit<Lead['consents'][number], 'receipt' | 'leadRevision'> & {
  readonly wording?: string;
};

export interface HeldTransmission {
  readonly lead: string;
  readonly departedAt: Date;
  readonly action: string;
  readonly recipient: string;
  readonly destination: string;
  readonly by: string;
  readonly fields: readonly string[];
  /** The same by the names of the lead's data, in French. */
  readonly data: readonly string[];
  readonly optIn: readonly unknown[];
  readonly reception: Reception;
  readonly answeredAt?: Date;
}

export interface PersonFile {
  readonly format: typeof personFormat;
  readonly kind: ExportKind;
  readonly request: string | null;
  readonly madeAt: Date;
  readonly client: { readonly id: string; readonly name: string; readonly legalEntity: string };
  readonly contact: PaperContact;
  readonly leads: readonly HeldLead[];
  /** Recipients and times of the transmissions, from the log. */
  readonly transmissions: readonly HeldTransmission[];
  /** References under which recipients know the person. */
  readonly references: readonly {
    readonly lead: string;
    readonly destination: string;
    readonly reference: string;
  }[];
  /** Rows that came in and were refused; they were never used. */
  readonly refusedRows: readonly {
    readonly receivedAt: Date;
    readonly reasons: readonly string[];
    readonly values: Readonly<Record<string, string | number>>;
  }[];
  readonly oppositions: readonly { readonly optIn: string; readonly since: Date }[];
  /** Times and reasons of look-ups by the centre's staff, without the names of the staff, which are their own data. */
  readonly consultations: readonly {
    readonly lead: string;
    readonly at: Date;
    readonly what: string;
    readonly why: string;
  }[];
  /** Rights exercised before, from the log. */
  readonly rights: readonly {
    readonly lead: string;
    readonly at: Date;
    readonly what: string;
    readonly detail: string;
  }[];
  /** Requests of the person. */
  readonly requests: readonly {
    readonly number: string;
    readonly kind: RequestKind;
    /** When it was received. */
    readonly openedAt: Date;
    readonly state: RequestState;
  }[];
}
