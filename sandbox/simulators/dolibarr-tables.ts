// Defines the tables of the simulated Dolibarr: the names of their columns and their lengths.
// Invariant: named as in its REST API; the refusal of mails is a table of its own, by address.

export type Row = Record<string, unknown>;

export interface Tables {
  readonly thirdparties: Map<number, Row>;
  readonly contacts: Map<number, Row>;
  /** `mailing_unsubscribe`: addresses, in lower case. */
  readonly unsubscribed: Set<string>;
  readonly complaints: string[];
  lastId: number;
}

export type Kind = 'thirdparties' | 'contacts';

/** Columns; others are dropped in silence. The attribute is the one the preset's page has the client create. */
export const columns: Readonly<Record<Kind, readonly string[]>> = {
  thirdparties: [
    'name',
    'client',
    'code_client',
    'ref_ext',
    'address',
    'zip',
    'town',
    'email',
    'phone',
    'note_private',
  ],
  contacts: [
    'lastname',
    'firstname',
    'socid',
    'ref_ext',
    'email',
    'phone_mobile',
    'note_private',
    'array_options',
  ],
};
export const longest: Readonly<Record<string, number>> = {
  name: 128,
  lastname: 50,
  firstname: 50,
  zip: 25,
  town: 50,
  address: 255,
  ref_ext: 255,
  email: 255,
  phone_mobile: 30,
};
export const named: Readonly<Record<Kind, string>> = { thirdparties: 'Thirdparty', contacts: 'Contact' };
export const mandatory: Readonly<Record<Kind, string>> = { thirdparties: 'name', contacts: 'lastname' };
