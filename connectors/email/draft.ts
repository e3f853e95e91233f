// Drafts the `send` block of a mail destination.
// Invariant: no secret in clear.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';

function draft({ to, format }: DraftRequest): Draft | undefined {
  if (to === undefined || !/^[^\s@/:]+@[^\s@]+$/.test(to)) return undefined;
  const address = to.toLowerCase();
  return {
    name: 'mail',
    lines: [
      'send:',
      `  to: ${address}`,
      '  from: leads@relais.example # TODO: the mailbox we send from',
      '  smtp: secret:SMTP_URL',
      "  subject: 'Nouveau lead {leadReference} {title}'",
      `  attachment: ${format}`,
    ],
    facts: { mailboxes: [address] },
    targets: [address],
    open: ['send.from: the mailbox we send from'],
  };
}

export const emailDrafting: Drafting = { to: 'mailbox', draft };
