// Types of the result of applying a request to one subject, passed from step to step.
// Invariant: names of tables and columns, and counts; no value.
import type { Request, RequestEffect } from '../../store/requests.ts';
import type { Reached } from '../../store/same-person.ts';

export interface Corrections {
  readonly values: Readonly<Record<string, string>>;
  readonly clear: readonly string[];
}

export interface Work {
  readonly request: Request;
  readonly actor: string;
  readonly corrections: Corrections;
}

export interface SubjectLead {
  readonly leadId: number;
  readonly reference: string;
}

export type Effect = Omit<RequestEffect, 'leadId'>;

export interface Changed {
  readonly effects: readonly Effect[];
  /** True where recipients have outdated data of this lead. */
  readonly isChanged: boolean;
  /** Other leads of the person that it reached. */
  readonly others: readonly Reached[];
}

export const counted = (table: string, columns: string, rows: number): readonly Effect[] =>
  rows === 0 ? [] : [{ table, columns, rows }];
