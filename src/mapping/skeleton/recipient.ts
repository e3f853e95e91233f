// Chooses the connector that drafts the destination, by the address or, without one, by the format of the sample.
// Invariant: no secret in clear; the address determines the connector.
import type { Draft, Drafting } from '../../../connectors/contract.ts';
import type { SampleFormat } from './shape.ts';

/** The facts of a connector that a draft needs. */
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
  /** https://..., sftp://host/folder, a mailbox, or undefined. */
  readonly to: string | undefined;
  readonly clientId: string;
  readonly format: SampleFormat;
  readonly listInside: boolean;
}

/** Returns a text when no connector fits. */
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
