// Drafts the `send` block of a text message destination.
// Invariant: no secret in clear; the scheme of the address is written without its mark.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';

function draft({ to, secretPrefix, format }: DraftRequest): Draft | string | undefined {
  if (to === undefined || !/^sms\+https?:\/\//i.test(to)) return undefined;
  if (format !== 'json') return 'the draft of a text message needs a JSON sample.';
  const url = URL.parse(to.slice('sms+'.length));
  if (url === null) return 'the address of the provider is not complete: sms+https://host/path.';
  if (url.username !== '' || url.password !== '')
    return 'the address holds a login: write it as auth with secret:NAME instead.';
  return {
    name: 'sms',
    lines: [
      'send:',
      `  url: '${url.href.replaceAll("'", "''")}'`,
      `  auth: { bearer: secret:${secretPrefix}_SMS_TOKEN }`,
      '  sender: RELAIS # TODO: what the phone shows',
      "  # TODO: the number: to: '+33...', or a field recipient; the text: a field text (docs/sms.md)",
    ],
    facts: { hosts: [url.hostname] },
    targets: [url.hostname],
    open: ['send.sender: what the phone shows', 'send.to, or a field recipient: the number', 'a field text'],
  };
}

export const smsDrafting: Drafting = { to: 'sms+https://host/path', draft };
