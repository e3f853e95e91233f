// Which connector drafts the destination: the one that knows the address, or that takes such a sample without one.
// Invariant: no secret in clear; the connector follows from the address.
import type { Draft, Drafting } from '../../../connectors/contract.ts';
import type { SampleFormat } from './shape.ts';

/** What a draft needs to know of a connector. */
export interface DraftingConnector {
  readonly type: string;
  readonly formats: readonly string[];
  readonly answers: 'rules' | 'connector';
  readonly drafting: Drafting;
}

export interface Recipient extends Draft {
  readonly connector: DraftingConnector;
}

export interface RecipientRequest {
  /** https://..., sftp://host/folder, a mailbox, or nothing. */
  readonly to: string | undefined;
  readonly clientId: string;
  readonly format: SampleFormat;
  readonly listInside: boolean;
}

/** A text instead says what is wrong. */
export function recipientOf(
  { to, clientId, format, listInside }: RecipientRequest,
  connectors: readonly DraftingConnector[],
): Recipient | string {
  const request = {
    ...(to === undefined ? {} : { to }),
    clientId,
    secretPrefix: clientId.replaceAll('-', '_').toUpperCase(),
    format,
    listInside,
  };
  for (const connector of connectors) {
    const draft = connector.drafting.draft(request);
    if (typeof draft === 'string') return draft;
    if (draft !== undefined) return { ...draft, connector };
  }
  return `"${to ?? ''}" is no ${alternatives(connectors, 'and no')}.`;
}

/** `https:// address, mailbox or sftp://host/folder`. */
export function alternatives(connectors: readonly DraftingConnector[], last: 'or' | 'and no'): string {
  const forms = connectors.map(({ drafting }) => drafting.to);
  const separator = last === 'or' ? ', ' : ', no ';
  return [forms.slice(0, -1).join(separator), forms.at(-1)].join(` ${last} `);
}
