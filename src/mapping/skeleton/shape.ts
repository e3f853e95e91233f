// Types of a client's sample: its format, and every place of a value, in order.
// Invariant: only the shape and the example values of each place; nothing of it is sent or stored.

export type SampleFormat = 'json' | 'form' | 'xml' | 'csv';

export type SampleValue = string | number | boolean | null | undefined;

export interface SampleField {
  /** As a mapping writes it after `to:`. */
  readonly target: string;
  /** Name of the field itself, then the groups around it, innermost first. */
  readonly name: string;
  readonly parents: readonly string[];
  /** undefined: the sample has none (a CSV header alone). */
  readonly value: SampleValue;
  /** Further values of the column of a CSV, each once. */
  readonly others?: readonly string[];
  /** A list of plain values. */
  readonly texts?: readonly string[];
  /** A repeated group: the places of its first element. */
  readonly element?: readonly SampleField[];
}

/** An element of a sample, prefixes kept. */
export interface SampleElement {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: readonly SampleElement[];
  readonly text: string;
  readonly cdata: boolean;
}

export interface Shape {
  readonly format: SampleFormat;
  /** Keys of the mapping's format block. */
  readonly layout: Readonly<Record<string, unknown>>;
  /** Blocks of the envelope around it: `{ soap: {...} }`. */
  readonly envelope?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly slots: readonly SampleField[];
  /** Parts of the sample that the mapping language cannot express. */
  readonly notes: readonly string[];
}

/** Why a sample cannot be used, in words for the integrator. */
export interface Unreadable {
  readonly unreadable: string;
}
